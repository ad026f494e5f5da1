"""The live pages of the example, on a phone and on a desktop: what one does, the other sees."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, FloatRect, Page, expect

from devkit.child import Child
from tests.e2e.chromium import DESKTOP, PHONE
from tests.e2e.gunicorn_site import GunicornSite
from tests.e2e.visitor import LIMIT_MS, Visitor
from tests.live import CHECKOUT, Site, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once]

WINDOWS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True},
    "desktop": {"viewport": DESKTOP},
}
LIVE_PAGES = ("/chat/", "/notifications/", "/ticker/", "/whiteboard/", "/game/", "/device/")
# A lost connection is looked after within a second or two; a service starts within a few.
RETURN_LIMIT_MS = 20_000
KEY = "the-key-of-the-sensor-under-test"
# How many of a canvas's pixels are painted.
PAINTED = """(canvas) => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    let painted = 0;
    for (let i = 3; i < data.length; i += 4) painted += data[i] > 0;
    return painted;
}"""
# Publishes by hand and gives the code of the refusal, or 0.
PUBLISH = """async ([topic, data]) => {
    try {
        await wsService.subscription(topic).publish(data);
        return 0;
    } catch (error) {
        return error.code;
    }
}"""


class Show:
    """The site, its service, its ticker, and the sensor of its device."""

    def __init__(self, live_site: GunicornSite, site: Site, folder: Path) -> None:
        self.live_site = live_site
        self._site = site
        self._contexts: dict[tuple[str, str], BrowserContext] = {}
        env = site.environment() | {"DEVICE_KEY": KEY}
        service = f"ws://127.0.0.1:{live_site.service.port}/connection/websocket"
        address = live_site.url("", "127.0.0.1")
        modules = {
            "demo_device": ("example.manage", "demo_device"),
            "ticker": ("example.manage", "feed_ticker"),
            "sensor": ("example.device.sensor", "--site", address, "--service", service),
        }
        made, self.ticker, self.sensor = (
            Child(
                name,
                [sys.executable, "-m", *argv],
                env=env,
                cwd=CHECKOUT,
                log=folder / f"{name}.log",
            )
            for name, argv in modules.items()
        )
        made.start()
        self.ticker.start()
        wait_until(lambda: made.poll() is not None)
        assert made.poll() == 0, made.tail()
        self.sensor.start()

    def stop(self) -> None:
        self.sensor.stop()
        self.ticker.stop()

    def context(self, browser: Browser, name: str, window: str) -> BrowserContext:
        """Somebody's browser; who has a name is logged in, and comes back to the same one."""
        if (name, window) not in self._contexts:
            context = browser.new_context(**WINDOWS[window])
            if not name:
                return context
            key, _, value = self._site.cookie_of(name).partition("=")
            url = self.live_site.url("", "localhost")
            context.add_cookies([{"name": key, "value": value, "url": url}])
            self._contexts[name, window] = context
        return self._contexts[name, window]


@pytest.fixture(scope="module")
def show(
    live_site: GunicornSite, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Show]:
    show = Show(live_site, site, tmp_path_factory.mktemp("show"))
    yield show
    show.stop()


@pytest.fixture(params=WINDOWS)
def window(request: pytest.FixtureRequest) -> str:
    """A phone, then a desktop."""
    return request.param


@pytest.fixture
def enter(show: Show, browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Somebody opens a page and waits until it is connected."""
    visitors: list[Visitor] = []

    def enter(path: str, name: str = "", window: str = "desktop") -> Visitor:
        visitors.append(Visitor(show.context(browser, name, window).new_page()))
        visitors[-1].open(show.live_site.url(path))
        assert not visitors[-1].scrolls_sideways()
        return visitors[-1]

    yield enter
    for visitor in visitors:
        visitor.page.close()


def box_of(page: Page, selector: str) -> FloatRect:
    box = page.locator(selector).bounding_box()
    assert box, f"{selector} can't be seen"
    return box


class Finger:
    """What touches the page: a real touch on a phone, the mouse elsewhere."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._is_touch = page.evaluate("navigator.maxTouchPoints > 0")
        self._devtools: CDPSession = page.context.new_cdp_session(page)

    def press(self, x: float, y: float) -> None:
        if self._is_touch:
            self._touch("touchStart", (x, y))
        else:
            self._page.mouse.move(x, y)
            self._page.mouse.down()

    def move(self, x: float, y: float) -> None:
        if self._is_touch:
            self._touch("touchMove", (x, y))
        else:
            self._page.mouse.move(x, y, steps=3)

    def lift(self) -> None:
        if self._is_touch:
            self._touch("touchEnd")
        else:
            self._page.mouse.up()

    def _touch(self, kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y} for x, y in places]
        self._devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_chat(enter: Callable[..., Visitor], window: str) -> None:
    """Who is here, who is typing, what is said, who has left; and all of it after a reload."""
    ada = enter("/chat/workshop/", "Ada", window)
    grace = enter("/chat/workshop/", "Grace")
    people = ada.page.locator("#people .person")
    expect(people).to_have_text(["AAda (you)", "GGrace"], timeout=LIMIT_MS)
    expect(ada.page.locator(".mention").last).to_have_text("Grace came in")

    grace.page.locator("#message").press_sequentially("Good")
    expect(ada.page.locator("#typing")).to_have_text("Grace is typing", timeout=LIMIT_MS)
    text = f"Good morning, <b>{window}</b>"
    grace.say(text)
    ada.expect_message(text, "Grace")
    expect(ada.page.locator("#typing")).to_be_empty()
    ada.page.locator("#message").fill("And to you!")
    ada.page.get_by_role("button", name="Send").click()
    expect(grace.messages("And to you!").last).to_be_visible(timeout=LIMIT_MS)
    expect(ada.page.locator(".message.mine").last).to_contain_text("And to you!")

    grace.page.close()
    expect(people).to_have_text(["AAda (you)"], timeout=LIMIT_MS)
    expect(ada.page.locator(".mention").last).to_have_text("Grace left", timeout=LIMIT_MS)
    ada.page.reload()
    ada.expect_message(text, "Grace")
    assert ada.complaints == grace.complaints == []


def test_who_is_nobody_looks_on(enter: Callable[..., Visitor], window: str) -> None:
    """Nothing to write with, and a way to become somebody; the service refuses, too."""
    visitor = enter("/chat/", window=window)
    expect(visitor.page.locator("#people")).to_have_text("1 looking on", timeout=LIMIT_MS)
    expect(visitor.page.locator("#message")).to_have_count(0)
    assert visitor.page.evaluate(PUBLISH, ["typing-topic", {}]) == 103

    visitor.page.locator(".take-part").get_by_role("button", name="Be Grace").click()

    expect(visitor.page.locator("#people")).to_have_text("GGrace (you)", timeout=LIMIT_MS)


def test_notifications(enter: Callable[..., Visitor], window: str) -> None:
    """One user's bell rings, on every page that the user has open, and on nobody else's."""
    reading = enter("/notifications/", "Ada")
    ada = enter("/orders/", "Ada", window)
    grace = enter("/notifications/", "Grace")
    text = f"Your tea is ready, {window}"

    grace.page.get_by_label("To").select_option(label="Ada")
    grace.page.get_by_label("Text").fill(text)
    grace.page.get_by_role("button", name="Send", exact=True).click()

    expect(ada.page.locator(".toast")).to_have_text(text, timeout=LIMIT_MS)
    expect(ada.page.locator("#unread")).to_have_text("1")
    expect(reading.page.locator(".notification[data-unread]")).to_contain_text([text])
    expect(grace.page.locator("#unread")).to_have_text("0")
    reading.page.get_by_role("button", name="Mark all as read").click()
    expect(ada.page.locator("#bell[data-unread='0']")).to_be_visible(timeout=LIMIT_MS)
    expect(reading.page.locator(".notification[data-unread]")).to_have_count(0)
    assert ada.complaints == grace.complaints == reading.complaints == []


def test_ticker(enter: Callable[..., Visitor], window: str) -> None:
    """Prices as they come; after an absence the latest, and none of those in between."""
    visitor = enter("/ticker/", window=window)
    page = visitor.page
    page.wait_for_function("() => Number(document.getElementById('arrived').textContent) > 20")
    assert page.locator(".curve").first.evaluate(PAINTED) > 100
    expect(page.locator("#skipped")).to_have_text("0")

    page.evaluate("() => { wsService.client.disconnect() }")
    visitor.expect_state("closed")
    before = page.locator("[data-part=price]").all_inner_texts()
    page.evaluate("() => new Promise((resolve) => setTimeout(resolve, 300))")  # prices go on
    assert page.locator("[data-part=price]").all_inner_texts() == before
    page.evaluate("() => { wsService.client.connect() }")

    expect(page.locator("#skipped")).not_to_have_text("0", timeout=LIMIT_MS)
    assert page.locator("[data-part=price]").all_inner_texts() != before
    assert visitor.complaints == []


def test_whiteboard(enter: Callable[..., Visitor], window: str) -> None:
    """A stroke is seen while it is drawn, stays for who comes later, and can be wiped off."""
    ada = enter("/whiteboard/", "Ada", window)
    grace = enter("/whiteboard/", "Grace")
    drawn = [visitor.page.locator("#drawn") for visitor in (ada, grace)]
    sheet = box_of(ada.page, "#moving")
    finger = Finger(ada.page)
    ada.page.locator(".pen[data-colour=red]").click()

    finger.press(sheet["x"] + 20, sheet["y"] + 20)
    for step in range(1, 20):
        finger.move(sheet["x"] + 20 + 8 * step, sheet["y"] + 20 + 6 * step)
    expect(grace.page.locator("#names span")).to_have_text("Ada", timeout=LIMIT_MS)
    finger.lift()

    expect(grace.page.locator("#names span")).to_have_count(0, timeout=LIMIT_MS)
    expect(grace.page.locator("#hint")).to_be_hidden()
    painted = drawn[1].evaluate(PAINTED)
    assert painted > 1000
    assert drawn[0].evaluate(PAINTED) == painted
    grace.page.reload()
    assert drawn[1].evaluate(PAINTED) == painted
    pink = {"colour": "pink", "size": 10, "points": [1, 1]}
    assert ada.page.evaluate(PUBLISH, ["board-topic", pink]) == 107

    grace.expect_state("open")
    grace.page.get_by_role("button", name="Clear").click()
    expect(ada.page.locator("#event")).to_have_text("Grace cleared the board", timeout=LIMIT_MS)
    assert [each.evaluate(PAINTED) for each in drawn] == [0, 0]
    assert ada.complaints == grace.complaints == []


def test_game(enter: Callable[..., Visitor], window: str) -> None:
    """Moves are seen by the others; who is near the light first has it; nobody leaps."""
    ada = enter("/game/", "Ada", window)
    grace = enter("/game/", "Grace")
    expect(ada.page.locator(".token[data-name=Grace]")).to_be_visible(timeout=LIMIT_MS)
    expect(grace.page.locator(".token[data-name=Ada]")).to_be_visible(timeout=LIMIT_MS)
    row = grace.page.locator(".score", has_text="Ada").locator("strong")
    points = int(row.inner_text())

    light, finger = box_of(ada.page, "#light"), Finger(ada.page)
    number = ada.page.locator("#light").get_attribute("data-number")
    finger.press(light["x"] + light["width"] / 2, light["y"] + light["height"] / 2)
    expect(grace.page.locator("#light")).not_to_have_attribute(
        "data-number", str(number), timeout=LIMIT_MS
    )
    finger.lift()
    expect(row).to_have_text(str(points + 1))

    def left_of_grace() -> float:
        return box_of(ada.page, ".token[data-name=Grace]")["x"]

    before = left_of_grace()
    key = "ArrowRight" if before < box_of(ada.page, "#field")["x"] + 150 else "ArrowLeft"
    grace.page.keyboard.down(key)
    ada.page.wait_for_function(
        """(before) => Math.abs(document.querySelector(".token[data-name=Grace]")
            .getBoundingClientRect().x - before) > 20""",
        arg=before,
    )
    grace.page.keyboard.up(key)
    corners = ({"x": 0, "y": 0}, {"x": 1000, "y": 1000})
    refusals = [grace.page.evaluate(PUBLISH, ["moves-topic", corner]) for corner in corners]
    assert 107 in refusals
    assert ada.complaints == grace.complaints == []


def test_device(show: Show, enter: Callable[..., Visitor], window: str) -> None:
    """It reports, it obeys, and is seen to be away; what it missed it does when it is back."""
    visitor = enter("/device/", "Ada", window)
    page = visitor.page
    online, lamp = page.locator("#presence"), page.locator("#lamp")
    expect(online).to_have_text("Online", timeout=LIMIT_MS)
    expect(page.locator("#celsius")).not_to_have_text("–", timeout=LIMIT_MS)
    before = lamp.get_attribute("data-lamp")
    after = "off" if before == "on" else "on"

    page.locator("#toggle").click()
    expect(lamp).to_have_attribute("data-lamp", after, timeout=LIMIT_MS)

    show.sensor.stop()
    expect(online).to_have_text("Offline", timeout=LIMIT_MS)
    page.locator("#toggle").click()
    expect(page.locator("#toggle.waiting")).to_be_visible()
    show.sensor.start()
    expect(online).to_have_text("Online", timeout=LIMIT_MS)
    expect(lamp).to_have_attribute("data-lamp", str(before), timeout=LIMIT_MS)
    assert visitor.complaints == []


def test_pages_outlive_the_service(show: Show, enter: Callable[..., Visitor]) -> None:
    """A deployment while all of them are open: each says so, and goes on by itself."""
    pages = {path: enter(path, "Ada") for path in LIVE_PAGES}
    grace = enter("/chat/", "Grace")

    show.live_site.service.stop()
    for visitor in pages.values():
        visitor.expect_state("reconnecting")
    grace.say("Said while you were away")
    expect(grace.messages("Said while you were away")).to_be_visible(timeout=LIMIT_MS)
    show.live_site.service.start()
    for visitor in (*pages.values(), grace):
        visitor.expect_state("open", limit_ms=RETURN_LIMIT_MS)

    pages["/chat/"].expect_message("Said while you were away", "Grace")
    expect(pages["/chat/"].page.locator("#people .person")).to_have_count(2, timeout=LIMIT_MS)
    ticker = pages["/ticker/"].page
    arrived = ticker.locator("#arrived").inner_text()
    expect(ticker.locator("#arrived")).not_to_have_text(arrived, timeout=LIMIT_MS)
    board = pages["/whiteboard/"].page
    dot = {"colour": "blue", "size": 24, "points": [800, 600]}
    assert board.evaluate(PUBLISH, ["board-topic", dot]) == 0
    expect(board.locator("#hint")).to_be_hidden(timeout=LIMIT_MS)
    game = pages["/game/"].page
    expect(game.locator(".score:not(.gone)", has_text="Ada (you)")).to_be_visible(timeout=LIMIT_MS)
    device = pages["/device/"].page
    expect(device.locator("#presence")).to_have_text("Online", timeout=RETURN_LIMIT_MS)
    at = device.locator("#device").get_attribute("data-at")
    expect(device.locator("#device")).not_to_have_attribute("data-at", str(at), timeout=LIMIT_MS)
