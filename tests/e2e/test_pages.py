"""The pages of the example site in a real browser, under its Content-Security-Policy."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from devkit.redis_server import RedisServer
from tests.e2e.chromium import DESKTOP, PHONE
from tests.e2e.gunicorn_site import HOSTS, GunicornSite
from tests.e2e.visitor import LIMIT_MS, Visitor
from tests.live import Site

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/about/",
    "/orders/",
    "/accounts/login/",
    "/examples/index/",
    "/examples/chat/",
    "/examples/dashboard/",
)
LONG_ROOM = "/examples/chat/" + "W" * 100 + "/"
MESSAGE_LIMIT = 4_096


def test_echo_shows_every_event_as_it_happens(live_site: GunicornSite, visitor: Visitor) -> None:
    """The page is for looking at a WebSocket's life."""
    page = visitor.page
    page.goto(live_site.url("/examples/index/"))
    opened = page.locator("#log li").nth(0)

    expect(opened).to_contain_text(f"ws://localhost:{live_site.service.port}/ws/index/")
    visitor.say("grüß dich")
    received = page.locator("#log [data-kind=message] .what").first
    expect(received).to_contain_text("grüß dich", timeout=LIMIT_MS)
    page.get_by_role("button", name="Disconnect").click()
    closed = page.locator("#log [data-kind=close]")
    expect(closed).to_contain_text('code 1000, reason "', timeout=LIMIT_MS)
    expect(closed).to_contain_text("wasClean true")
    expect(page.locator("#message")).to_be_disabled()
    expect(page.locator("#why")).to_contain_text("press Connect")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.locator("#message")).to_be_enabled(timeout=LIMIT_MS)

    kinds = page.locator("#log li").evaluate_all("items => items.map(item => item.dataset.kind)")
    assert kinds == ["open", "sent", "message", "close", "open"]
    message = json.loads(received.inner_text())
    assert {**message, "at": "", "node": ""} == {
        "type": "message",
        "message": "grüß dich",
        "sender": "anonymous",
        "at": "",
        "node": "",
    }
    assert visitor.complaints == []


def test_echo_shows_the_error_of_a_service_that_is_not_there(
    own_live_sites: tuple[GunicornSite, GunicornSite], visitor: Visitor
) -> None:
    """The other half of a WebSocket's life."""
    own_live_sites[0].service.stop()
    page = visitor.page
    page.goto(own_live_sites[0].url("/examples/index/"))

    expect(page.locator("#log [data-kind=close]")).to_contain_text("code 1006", timeout=LIMIT_MS)
    expect(page.locator("#log [data-kind=error]")).to_have_count(1)
    expect(page.get_by_role("button", name="Connect", exact=True)).to_be_enabled()


def test_dashboard_draws_what_the_synchronous_view_sends(
    live_site: GunicornSite, visitor: Visitor
) -> None:
    """From a view under Gunicorn to a chart, through a process that is not Gunicorn."""
    visitor.log_in(live_site.url(""), "Grace")
    visitor.open(live_site.url("/examples/dashboard/"))
    page = visitor.page
    assert visitor.node

    for count in (1, 2):
        page.get_by_role("button", name="Send a point").click()
        expect(page.locator("#points tr[data-kind=sent]")).to_have_count(count, timeout=LIMIT_MS)

    expect(page.locator("#load-chart .marked")).to_have_count(2)
    expect(page.locator("#load-chart .mark").first).to_have_text("Grace")
    expect(page.locator("#sessions-chart path.line")).to_have_count(1)
    expect(page.locator("#load")).to_have_text(re.compile(r"\d+\.\d\d"))
    assert int(page.locator("#sessions").inner_text()) >= 1
    assert visitor.complaints == []


def test_the_dashboard_says_when_no_points_come(live_site: GunicornSite, visitor: Visitor) -> None:
    """An open connection proves nothing about Redis behind it. Nothing feeds this dashboard."""
    visitor.open(live_site.url("/examples/dashboard/"))
    page = visitor.page
    assert visitor.node
    expect(page.locator("#load-chart .waiting")).to_have_text("waiting for the first point")

    expect(page.locator("#silence")).to_contain_text("No points since", timeout=LIMIT_MS)
    page.get_by_role("button", name="Send a point").click()

    expect(page.locator("#silence")).to_be_hidden(timeout=LIMIT_MS)
    expect(page.locator("#load-chart .waiting")).to_have_text("waiting for the second point")


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("path", [*PAGES, LONG_ROOM, "/admin/"], ids=lambda path: path[:20])
def test_a_page_fits_is_quiet_and_keeps_to_itself(
    live_site: GunicornSite, browser: Browser, path: str, viewport: dict[str, int]
) -> None:
    """No sideways scrolling, no error or warning in the console, nothing from another host."""
    with browser.new_context(viewport=viewport) as context:
        visitor = Visitor(context.new_page())
        visitor.log_in(live_site.url(""), "Admin")

        response = visitor.page.goto(live_site.url(path))
        if visitor.page.locator("#node").count():
            assert visitor.node  # the connection is open, and has been heard on

        assert response
        assert "default-src 'self'" in (response.header_value("content-security-policy") or "")
        assert not visitor.scrolls_sideways()
        assert visitor.complaints == []


def test_the_policy_bites(live_site: GunicornSite, visitor: Visitor) -> None:
    """Pages that work under a policy prove nothing if the policy allows everything."""
    visitor.page.goto(live_site.url("/"))

    visitor.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "document.body.id = 'ran'";
            document.body.append(script);
        }"""
    )

    expect(visitor.page.locator("body#ran")).to_have_count(0)
    assert any("Content Security Policy" in complaint for complaint in visitor.complaints)


def test_without_a_login_one_is_anonymous(live_site: GunicornSite, visitor: Visitor) -> None:
    """Nobody has to log in to look around; nobody is given another's name."""
    visitor.open(live_site.url("/examples/chat/"))

    visitor.say("Who am I?")

    visitor.expect_message("Who am I?", "anonymous")


def test_two_host_names_are_two_people_in_one_browser(
    live_site: GunicornSite, context: BrowserContext
) -> None:
    """The page says so, with links; it had better be true."""
    ada = Visitor(context.new_page())
    ada.page.goto(live_site.url("/examples/chat/"))
    ada.page.get_by_role("button", name="Be Ada").click()
    expect(ada.page.locator("#who")).to_have_text("Ada", timeout=LIMIT_MS)
    with context.expect_page() as opening:
        ada.page.get_by_role("link", name=f"127.0.0.1:{live_site.port}").click()
    grace = Visitor(opening.value)
    grace.page.get_by_role("button", name="Be Grace").click()
    for person in (ada, grace):
        person.expect_state("open")
        assert person.node

    ada.say("From one tab")
    grace.expect_message("From one tab", "Ada")
    grace.say("to the other")
    ada.expect_message("to the other", "Grace")
    ada.page.reload()
    expect(ada.page.locator("#who")).to_have_text("Ada", timeout=LIMIT_MS)


@pytest.mark.parametrize("host", HOSTS)
def test_the_start_page_leads_everywhere_at_every_name(
    live_site: GunicornSite, visitor: Visitor, host: str
) -> None:
    """People type any of the machine's names."""
    page = visitor.page
    for name, path in (
        ("Chat", "/chat/"),
        ("Ticker", "/ticker/"),
        ("Whiteboard", "/whiteboard/"),
        ("Game", "/game/"),
        ("Device", "/device/"),
        ("Rooms", "/examples/chat/"),
        ("Dashboard", "/examples/dashboard/"),
        ("Echo", "/examples/index/"),
        ("Admin", "/admin/login/?next=/admin/"),
    ):
        page.goto(live_site.url("/", host))
        page.get_by_role("main").get_by_role("link", name=name, exact=True).click()
        page.wait_for_url(live_site.url(path, host), timeout=LIMIT_MS)

    visitor.open(live_site.url("/examples/chat/", host))
    assert visitor.node
    assert visitor.complaints == []


def test_any_room_can_be_opened_and_talked_in(live_site: GunicornSite, visitor: Visitor) -> None:
    """The name travels through a form, two addresses and a WebSocket's path."""
    name = "東京 / 50% & more?"
    visitor.page.goto(live_site.url("/examples/chat/"))
    visitor.page.get_by_label("Another room").fill(name)
    visitor.page.get_by_role("button", name="Open").click()
    expect(visitor.page.locator("#room")).to_have_text(name, timeout=LIMIT_MS)

    assert visitor.node
    visitor.say("こんにちは")
    visitor.expect_message("こんにちは", "anonymous")


def test_an_error_of_the_service_is_shown_and_the_text_comes_back(
    live_site: GunicornSite, visitor: Visitor
) -> None:
    """Somebody pasted too much: they are told, and can shorten it."""
    visitor.open(live_site.url("/examples/chat/"))
    assert visitor.node
    too_long = "x" * (MESSAGE_LIMIT + 1)

    visitor.say(too_long)

    expect(visitor.page.locator("#notice")).to_contain_text("at most", timeout=LIMIT_MS)
    expect(visitor.page.locator("#message")).to_have_value(too_long)
    visitor.say("short")
    visitor.expect_message("short", "anonymous")


def test_what_somebody_says_is_text_and_never_markup(
    live_site: GunicornSite, visitor: Visitor
) -> None:
    """The policy would stop a script; it should never come to that."""
    visitor.open(live_site.url("/examples/chat/"))

    visitor.say("<img src=x onerror=alert(1)><b>bold</b>")

    visitor.expect_message("<img src=x onerror=alert(1)><b>bold</b>", "anonymous")
    assert visitor.complaints == []


@pytest.mark.parametrize(
    ("page_url", "live_url", "address"),
    [
        ("http://localhost:8000/x", ":8001", "ws://localhost:8001/ws/index/"),
        ("http://[::1]:8000/x", ":8001", "ws://[::1]:8001/ws/index/"),
        ("https://www.example.com/x", "", "wss://www.example.com/ws/index/"),
        ("http://localhost:8000/x", "", "ws://localhost:8000/ws/index/"),
        (
            "https://www.example.com/x",
            "wss://live.example.com/",
            "wss://live.example.com/ws/index/",
        ),
    ],
)
def test_the_service_s_address_derives_from_the_page_s(
    live_site: GunicornSite, visitor: Visitor, page_url: str, live_url: str, address: str
) -> None:
    """The same page works on a laptop, behind a proxy and with TLS."""
    visitor.page.goto(live_site.url("/"))

    derived = visitor.page.evaluate(
        """async ([pageUrl, liveUrl]) => {
            const { liveAddress } = await import("/static/example/socket.js");
            return liveAddress("ws/index/", new URL(pageUrl), liveUrl);
        }""",
        [page_url, live_url],
    )

    assert derived == address


def test_browsers_come_back_one_by_one_and_soon(live_site: GunicornSite, visitor: Visitor) -> None:
    """Doubling from a quarter of a second to two seconds; chance spreads each wait by half."""
    visitor.page.goto(live_site.url("/"))

    waits_ms = visitor.page.evaluate(
        """async () => {
            const { backoffDelay } = await import("/static/example/socket.js");
            return [0, 1, 2, 3, 40].map(
                (failures) => [0, 1].map((chance) => backoffDelay(failures, () => chance))
            );
        }"""
    )

    assert waits_ms == [[125, 250], [250, 500], [500, 1000], [1000, 2000], [1000, 2000]]


def test_a_point_that_can_t_be_sent_is_explained(
    site: Site, own_redis: RedisServer, tmp_path: Path, context: BrowserContext
) -> None:
    """Redis is away: the page says so, and the button works again when Redis is back."""
    alone = Site(database_url=site.database_url, redis_url=own_redis.url)
    visitor = Visitor(context.new_page())
    with GunicornSite(alone, tmp_path) as live_site:
        visitor.open(live_site.url("/examples/dashboard/"))
        assert visitor.node
        own_redis.stop()
        button = visitor.page.get_by_role("button", name="Send a point")

        button.click()
        notice = visitor.page.locator("#notice")
        expect(notice).to_contain_text("can't reach Redis", timeout=LIMIT_MS)

        own_redis.start()
        button.click()
        expect(notice).to_be_hidden(timeout=LIMIT_MS)
