"""The site in a real browser, through each proxy with TLS, with two replicas behind it."""

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.deploy.containers.compose.asking import bring_back
from tests.deploy.containers.compose.stack import Front, Stack
from tests.e2e import chromium
from tests.e2e.visitor import LIMIT_MS, Visitor
from tests.live import wait_until

pytestmark = pytest.mark.browser

ELSEWHERE_LIMIT_MS = 5_000
PLACES_TRIED = 40
PNG = base64.b64decode(  # one red pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)
_NEW_ORDER = """
from example.accounts.models import User
from example.orders.models import Order
print(Order.objects.create(customer=User.objects.get(name="Ada"), item="A loom").pk)
"""
# By the view behind the form, without the browser: here it shares its network interfaces with the
# engine, with a container one of them goes, and Chromium then gives up the requests under way.
_SAY = """
from django.test import Client
from example.accounts.models import User
client = Client(headers={{"host": "localhost"}})
client.force_login(User.objects.get(name="Ada"))
assert client.post("/chat/workshop/say/", {{"text": "{text}"}}).status_code == 201
"""


class Person(Visitor):
    """Somebody with a browser of their own, at one proxy."""

    def __init__(self, front: Front, browser: Browser, stack: ExitStack) -> None:
        # Who signed the certificate is checked by the requests of the other tests.
        context = browser.new_context(ignore_https_errors=True, viewport=chromium.DESKTOP)
        stack.callback(context.close)
        super().__init__(context.new_page())
        self.site = front.origin

    def go(self, path: str) -> None:
        self.open(f"{self.site}{path}")

    def be(self, name: str) -> "Person":
        self.log_in(self.site, name)
        return self

    @property
    def said(self) -> list[str]:
        """All that was said in the room, as the page shows it."""
        return self.page.locator("#messages .text").all_inner_texts()


@pytest.fixture
def person(secure_front: Front, browser: Browser) -> Iterator[Callable[[str], Person]]:
    """``person("Ada")``: she has logged in."""
    with ExitStack() as stack:
        yield lambda name: Person(secure_front, browser, stack).be(name)


def part(one: Person, other: Person) -> None:
    """Load the other's page until they are at different replicas."""
    for _ in range(PLACES_TRIED):
        if one.node != other.node:
            return
        other.page.reload()
        other.expect_state("open")
    raise AssertionError(f"all {PLACES_TRIED} connections went to {one.node}")


def test_two_people_at_two_replicas_talk(person: Callable[[str], Person]) -> None:
    """What one container says has to reach the people of the other."""
    ada, grace = person("Ada"), person("Grace")
    for somebody in (ada, grace):
        somebody.go("/chat/kitchen/")
    part(ada, grace)
    ada.say(f"by {ada.site}, from {ada.node}")
    grace.expect_message(f"by {ada.site}, from {ada.node}", "Ada")
    grace.say(f"by {ada.site}, from {grace.node}")
    ada.expect_message(f"by {ada.site}, from {grace.node}", "Grace")
    names = ada.page.locator("#people .person")
    expect(names).to_have_text(["AAda (you)", "GGrace"], timeout=LIMIT_MS)
    assert ada.complaints == grace.complaints == []


def test_consumers_at_two_replicas_share_a_room(person: Callable[[str], Person]) -> None:
    """Plain Channels consumers, by the channel layer, beside topics."""
    ada, grace = person("Ada"), person("Grace")
    for somebody in (ada, grace):
        somebody.go("/examples/chat/")
    part(ada, grace)
    ada.say("over the channel layer")
    grace.expect_message("over the channel layer", "Ada")
    via = grace.messages("over the channel layer").locator(".via")
    assert via.inner_text() == ada.node
    assert ada.complaints == grace.complaints == []


def test_what_the_admin_changes_is_on_the_customer_s_pages(
    stack: Stack, person: Callable[[str], Person], tmp_path: Path
) -> None:
    """Django's own admin, in the web container, pushes by saving: a state, a bell, a picture."""
    order = int(stack.run_in_django(_NEW_ORDER))
    picture = tmp_path / "loom.png"
    picture.write_bytes(PNG)
    ada, admin = person("Ada"), person("Admin")
    ada.go(f"/orders/{order}/")
    unread = int(ada.page.locator("#unread").inner_text())

    admin.page.goto(f"{admin.site}/admin/orders/order/{order}/change/")
    admin.page.get_by_label("State").select_option("paid")
    admin.page.locator("input[name=picture]").set_input_files(picture)
    admin.page.get_by_role("button", name="Save", exact=True).click()
    expect(ada.page.locator("#now")).to_have_text("Paid", timeout=LIMIT_MS)

    admin.page.goto(f"{admin.site}/admin/notifications/notification/add/")
    admin.page.locator("select[name=user]").evaluate(
        "(select, id) => select.add(new Option('Ada', id, true, true))",
        stack.run_in_django(
            "from example.accounts.models import User; print(User.objects.get(name='Ada').pk)"
        ),
    )
    admin.page.get_by_label("Text").fill("Your loom is paid")
    admin.page.get_by_role("button", name="Save", exact=True).click()
    expect(ada.page.locator(".toast")).to_have_text("Your loom is paid", timeout=LIMIT_MS)
    expect(ada.page.locator("#unread")).to_have_text(str(unread + 1), timeout=LIMIT_MS)

    ada.page.reload()
    ada.page.wait_for_function("document.getElementById('picture').naturalWidth === 1")
    assert ada.complaints == []


@pytest.mark.promise("recovery")
def test_who_was_at_a_replica_that_stops_has_missed_nothing(
    stack: Stack, person: Callable[[str], Person]
) -> None:
    """A deployment stops each replica once, while people talk."""
    ada, grace = person("Ada"), person("Grace")
    for somebody in (ada, grace):
        somebody.go("/chat/workshop/")
    part(ada, grace)
    gone = grace.node
    before = len(grace.said)
    sentences = [f"{gone} {n}" for n in range(12)]
    replica = stack.replica(gone)
    try:
        for number, sentence in enumerate(sentences):
            if number == 4:
                replica.signal("TERM")
            stack.run_in_django(_SAY.format(text=sentence))
            ada.expect_message(sentence, "Ada")
        moved = grace.page.locator(f"#node:not([data-node='{gone}']):not([data-node=''])")
        expect(moved).to_have_text(ada.node, timeout=ELSEWHERE_LIMIT_MS)
        grace.expect_message(sentences[-1], "Ada")
        assert grace.said[before:] == sentences
    finally:
        wait_until(lambda: not replica.is_running)
        bring_back(stack, replica)
