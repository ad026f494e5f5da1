"""Two people, two browsers, two processes of the service, one room."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.gunicorn_site import GunicornSite
from tests.e2e.visitor import LIMIT_MS, Visitor

pytestmark = pytest.mark.browser

ROOM = "/examples/chat/caf%C3%A9/"
RECONNECT_LIMIT_MS = 5_000

Sites = tuple[GunicornSite, GunicornSite]


@pytest.fixture
def ada_and_grace(
    own_live_sites: Sites, new_browser: Callable[[], Browser]
) -> tuple[Visitor, Visitor]:
    """Each in a browser of their own, logged in by the form, in the same room."""
    people = []
    for live_site, name in zip(own_live_sites, ("Ada", "Grace"), strict=True):
        person = Visitor(new_browser().new_page())
        person.log_in(live_site.url(""), name)
        person.open(live_site.url(ROOM))
        people.append(person)
    return people[0], people[1]


def test_each_sees_the_other_through_two_processes(
    ada_and_grace: tuple[Visitor, Visitor],
) -> None:
    """The service scales by running more of it: a room must not end at a process."""
    ada, grace = ada_and_grace
    assert ada.node != grace.node

    ada.say("Can you see this?")
    grace.expect_message("Can you see this?", "Ada")
    grace.say("Yes. And you, this?")
    ada.expect_message("Yes. And you, this?", "Grace")
    ada.expect_message("Can you see this?", "Ada")

    # Each message names the process that it entered by.
    assert ada.messages("Yes. And you, this?").locator(".via").inner_text() == grace.node
    assert ada.complaints == grace.complaints == []


def test_a_restart_under_them_is_over_within_five_seconds(
    own_live_sites: Sites, ada_and_grace: tuple[Visitor, Visitor]
) -> None:
    """A deployment restarts the service in the middle of every conversation."""
    ada, grace = ada_and_grace
    first, second = own_live_sites
    for live_site, person, other in ((first, ada, grace), (second, grace, ada)):
        node_before = person.node
        live_site.service.stop()
        person.expect_state("reconnecting", "offline")

        live_site.service.start()  # returns when it is healthy
        person.expect_state("open", limit_ms=RECONNECT_LIMIT_MS)

        assert person.node not in {node_before, other.node}
        assert other.page.locator("#state").get_attribute("data-state") == "open"

    ada.say("Back again.")
    grace.expect_message("Back again.", "Ada")
    grace.say("Me too.")
    ada.expect_message("Me too.", "Grace")


def test_what_is_typed_while_offline_stays_in_the_box(
    own_live_sites: Sites, ada_and_grace: tuple[Visitor, Visitor]
) -> None:
    """A message that vanishes without a word is worse than one that could not be sent."""
    live_site, _ = own_live_sites
    ada, grace = ada_and_grace
    live_site.service.stop()
    ada.expect_state("offline")

    ada.say("Typed in a tunnel.")

    expect(ada.page.locator("#notice")).to_contain_text("Not sent", timeout=LIMIT_MS)
    expect(ada.page.locator("#message")).to_have_value("Typed in a tunnel.")
    expect(ada.page.locator("#submit")).to_have_attribute("aria-disabled", "true")

    live_site.service.start()
    ada.expect_state("open", limit_ms=RECONNECT_LIMIT_MS)
    ada.page.locator("#submit").click()
    grace.expect_message("Typed in a tunnel.", "Ada")
