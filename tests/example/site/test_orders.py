"""Orders: what a save notes and tells, and who may see it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from example.accounts.models import User
from example.orders.models import Order, State
from example.orders.topics import OrderTopic
from ws_service.signals import publish_failed

pytestmark = pytest.mark.usefixtures("demo_users")


@pytest.fixture
def order() -> Order:
    return Order.objects.create(customer=User.objects.get(name="Ada"), item="An engine")


@pytest.fixture
def told() -> Iterator[list[str]]:
    """The topics that were told after a commit; Redis is away, so each of them failed."""
    names: list[str] = []

    def note(topic: str, **_: Any) -> None:
        names.append(topic)

    publish_failed.connect(note)
    yield names
    publish_failed.disconnect(note)


def topic_of(order: Order, user: Any) -> OrderTopic:
    return OrderTopic(user, f"orders:{order.pk}", {"pk": order.pk})


def test_every_change_is_noted_once_and_numbered(order: Order) -> None:
    """A page finds by the numbers that nothing is missing."""
    order.state = State.PAID
    order.save()
    order.save()
    order.note = "Thank you"
    order.save()

    assert [(each.number, each.state, each.note) for each in order.changes.all()] == [
        (1, "placed", ""),
        (2, "paid", ""),
        (3, "paid", "Thank you"),
    ]


def test_a_change_is_told_after_the_commit_and_a_rollback_never(
    order: Order, told: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    """Nobody may see a state that was never reached. With Redis away, the save succeeds."""
    with django_capture_on_commit_callbacks(execute=True):
        order.state = State.PAID
        order.save()
        assert told == []
    assert told == [f"orders:{order.pk}"]

    with django_capture_on_commit_callbacks(execute=True):
        try:
            with transaction.atomic():
                order.state = State.SHIPPED
                order.save()
                raise ValueError
        except ValueError:
            pass
    assert told == [f"orders:{order.pk}"]


def test_only_its_customer_may_subscribe(order: Order, rf: Any) -> None:
    """The topic decides by the same rule as the page."""
    from django.contrib.auth.models import AnonymousUser  # after the settings are chosen

    allowed = [user.name for user in User.objects.all() if topic_of(order, user).can_subscribe()]

    assert allowed == ["Ada"]
    assert topic_of(order, AnonymousUser()).can_subscribe() is False


def test_a_customer_sees_own_orders_and_no_others(client: Client, order: Order) -> None:
    """Another's order is not found; without a login there is the login page."""
    pages = (reverse("orders"), reverse("order", args=[order.pk]))
    for page in pages:
        assert client.get(page).headers["Location"].startswith(reverse("login"))

    client.force_login(User.objects.get(name="Grace"))
    assert "An engine" not in client.get(pages[0]).content.decode()
    assert client.get(pages[1]).status_code == 404

    client.force_login(User.objects.get(name="Ada"))
    for page in pages:
        assert "An engine" in client.get(page).content.decode()


def test_a_page_comes_also_while_redis_is_away(client: Client, order: Order) -> None:
    """The live part is missing then; what the database knows is not."""
    client.force_login(User.objects.get(name="Ada"))

    html = client.get(reverse("order", args=[order.pk])).content.decode()

    data = html.partition('id="order-topic" type="application/json">')[2].partition("<")[0]
    assert json.loads(data) == {"channel": f"orders:{order.pk}", "since": None}


def test_a_list_asks_an_absent_redis_only_once(
    client: Client, order: Order, caplog: pytest.LogCaptureFixture
) -> None:
    """One that doesn't answer takes its time: fifty orders must not take fifty times as long."""
    for number in range(3):
        Order.objects.create(customer=order.customer, item=f"Part {number}")
    client.force_login(order.customer)

    assert "Part 2" in client.get(reverse("orders")).content.decode()

    assert sum("without their live part" in line for line in caplog.messages) == 1


def test_the_admin_lists_adds_and_changes_orders(client: Client, order: Order) -> None:
    """The demonstration is driven from there."""
    client.force_login(User.objects.get(name="Admin"))
    change = reverse("admin:orders_order_change", args=[order.pk])
    assert client.get(reverse("admin:orders_order_changelist")).status_code == 200
    assert client.get(change).status_code == 200

    form = {
        "customer": order.customer_id,
        "item": order.item,
        "state": "packed",
        "note": "With care",
        "changes-TOTAL_FORMS": 0,
        "changes-INITIAL_FORMS": 0,
    }
    assert client.post(change, form).status_code == 302

    assert [each.state for each in order.changes.all()] == ["placed", "packed"]


def test_demo_orders_are_made_once_and_keep_their_state(settings: Any) -> None:
    """Every start of the demonstration runs it."""
    settings.DEMO = True
    call_command("demo_orders", verbosity=0)
    Order.objects.update(state=State.SHIPPED)

    call_command("demo_orders", verbosity=0)

    assert {each.customer.name for each in Order.objects.all()} == {"Ada", "Grace"}
    assert {each.state for each in Order.objects.all()} == {"shipped"}


def test_demo_orders_refuse_outside_of_the_demonstration() -> None:
    """They belong to people whose password everybody knows."""
    with pytest.raises(CommandError, match="DEMO is off"):
        call_command("demo_orders", verbosity=0)
