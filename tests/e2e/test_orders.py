"""Orders, changed in Django's own admin, on the customer's open page."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.gunicorn_site import GunicornSite
from tests.e2e.visitor import LIMIT_MS, Visitor
from tests.live import Site

pytestmark = pytest.mark.browser

NEW_ORDER = """
from example.accounts.models import User
from example.orders.models import Order
print(Order.objects.create(customer=User.objects.get(name="Ada"), item="A loom").pk)
"""


@pytest.fixture
def order(site: Site) -> int:
    """A new order of Ada's; its number."""
    return int(site.run_in_django(NEW_ORDER))


def change(admin: Visitor, live_site: GunicornSite, order: int, state: str, note: str = "") -> None:
    """Change an order by the admin's form."""
    page = admin.page
    page.goto(live_site.url(f"/admin/orders/order/{order}/change/"))
    page.get_by_label("State").select_option(state)
    page.get_by_label("Note to the customer").fill(note)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible(timeout=LIMIT_MS)


def changes_on(page: Page) -> list[str]:
    """What the history on the page says."""
    return page.locator("#changes .label").all_inner_texts()


@pytest.fixture
def people(new_browser: Callable[[], Browser]) -> tuple[Visitor, Visitor]:
    """Ada's browser and the admin's."""
    return Visitor(new_browser().new_page()), Visitor(new_browser().new_page())


def test_a_change_in_the_admin_is_on_the_customer_s_page_at_once(
    live_site: GunicornSite, order: int, people: tuple[Visitor, Visitor]
) -> None:
    """No code in the admin, and no reload: a model's save() publishes."""
    ada, admin = people
    ada.log_in(live_site.url(""), "Ada")
    admin.log_in(live_site.url(""), "Admin")
    ada.open(live_site.url(f"/orders/{order}/"))
    assert changes_on(ada.page) == ["Placed"]

    change(admin, live_site, order, "paid", "Thank you")

    expect(ada.page.locator("#now")).to_have_text("Paid", timeout=LIMIT_MS)
    assert changes_on(ada.page) == ["Placed", "Paid"]
    expect(ada.page.locator("#changes .note").last).to_have_text("Thank you")

    ada.open(live_site.url("/orders/"))
    change(admin, live_site, order, "packed")
    row = ada.page.locator(f"[data-topic=order-{order}-topic] .stage")
    expect(row).to_have_text("Packed", timeout=LIMIT_MS)
    assert ada.complaints == []
    assert admin.complaints == []


def test_after_a_restart_no_change_is_missing(
    own_live_sites: tuple[GunicornSite, GunicornSite],
    order: int,
    people: tuple[Visitor, Visitor],
) -> None:
    """A deployment between two changes: the customer sees each of them, in order, once."""
    live_site, _ = own_live_sites
    ada, admin = people
    ada.log_in(live_site.url(""), "Ada")
    admin.log_in(live_site.url(""), "Admin")
    ada.open(live_site.url(f"/orders/{order}/"))
    change(admin, live_site, order, "paid")
    expect(ada.page.locator("#now")).to_have_text("Paid", timeout=LIMIT_MS)

    live_site.service.stop()
    ada.expect_state("reconnecting")
    for state in ("packed", "shipped", "delivered"):
        change(admin, live_site, order, state)
    assert changes_on(ada.page) == ["Placed", "Paid"]
    live_site.service.start()

    expect(ada.page.locator("#now")).to_have_text("Delivered", timeout=3 * LIMIT_MS)
    assert changes_on(ada.page) == ["Placed", "Paid", "Packed", "On its way", "Delivered"]
    ada.page.reload()
    assert changes_on(ada.page) == ["Placed", "Paid", "Packed", "On its way", "Delivered"]


def test_another_s_order_stays_out_of_reach(
    live_site: GunicornSite, order: int, visitor: Visitor
) -> None:
    """The page is not found; a subscription by hand is refused, for good."""
    visitor.log_in(live_site.url(""), "Grace")
    visitor.open(live_site.url("/orders/"))

    code = visitor.page.evaluate(
        """(channel) => new Promise((resolve) => {
            const subscription = wsService.client.newSubscription(channel);
            subscription.on("unsubscribed", ({ code }) => resolve(code));
            subscription.subscribe();
        })""",
        f"orders:{order}",
    )

    assert code == 103
    response = visitor.page.goto(live_site.url(f"/orders/{order}/"))
    assert response
    assert response.status == 404
