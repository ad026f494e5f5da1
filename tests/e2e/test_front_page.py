"""One counter, pushed two ways, by ``dev.py run``: what arrives when something gets in the way."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from devkit.ports import free_port
from tests.devkit.dev_run import DevRun
from tests.e2e.chromium import DESKTOP, PHONE
from tests.e2e.visitor import LIMIT_MS, Visitor

pytestmark = pytest.mark.browser

CUT = "Cut my connection"
RESTART = "Restart the service"
STOP_REDIS = "Stop Redis for 5 s"
# A service that starts anew, or five seconds without Redis, and then everybody's return.
RETURN_LIMIT_MS = 45_000


@dataclass(frozen=True)
class Side:
    """What one half of the page has counted; ``rendered``: the number that the page came with."""

    rendered: int
    last: int
    arrived: int
    missed: int
    recovered: int
    disorder: int

    @property
    def is_whole(self) -> bool:
        """Every number since the page was made, once, each after the one before it."""
        return (self.missed, self.disorder) == (0, 0) and self.arrived == self.last - self.rendered


def side(page: Page, name: str) -> Side:
    rendered = page.locator("#compare").get_attribute("data-rendered")
    counted = page.locator(f"#{name}").evaluate("side => ({...side.dataset})")
    return Side(rendered=int(rendered or 0), **{key: int(value) for key, value in counted.items()})


def wait_for(page: Page, condition: str, *, limit_ms: int = RETURN_LIMIT_MS) -> None:
    """Wait for a condition on ``left`` and ``right``: the numbers that each side has counted."""
    sides = ", ".join(f"{name} = side('{name}')" for name in ("left", "right"))
    script = f"""() => {{
        const side = (id) => Object.fromEntries(
            Object.entries(document.getElementById(id).dataset).map(([k, v]) => [k, Number(v)]));
        const {sides};
        return {condition};
    }}"""
    page.wait_for_function(script, timeout=limit_ms)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site that ``dev.py run`` has started, with everything around it."""
    ports = ("--port", str(free_port()), "--service-port", str(free_port()))
    with DevRun(tmp_path_factory.mktemp("run"), *ports) as run:
        run.wait_until_up()
        yield f"http://localhost:{run.site_port}"


@pytest.fixture
def front(site: str, context: BrowserContext) -> Visitor:
    """Somebody on the front page, with both sides counting."""
    visitor = Visitor(context.new_page())
    visitor.page.goto(site)
    wait_for(visitor.page, "left.arrived > 3 && right.arrived > 3")
    return visitor


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button).click()


@pytest.mark.parametrize("button", [CUT, RESTART])
def test_the_left_misses_what_the_right_brings_later(front: Visitor, button: str) -> None:
    """What the product is for, in ten seconds, on the page that says so."""
    page = front.page
    before = side(page, "left").missed

    press(page, button)
    wait_for(page, f"left.missed > {before}")
    gap = side(page, "left")
    wait_for(page, f"right.last >= {gap.last} && right.recovered > 0")

    assert side(page, "right").is_whole
    expect(page.locator("#left [data-part=gaps]")).not_to_have_text("none")
    expect(page.locator("#left [data-part=numbers] [data-state=missed]")).not_to_have_count(0)
    expect(page.locator("#right [data-part=numbers] [data-state=recovered]")).not_to_have_count(0)
    expect(page.locator("#right [data-part=missed]")).to_have_text("0")
    verdict = page.locator("#verdict")
    expect(verdict).to_contain_text("ws-service missed 0, and brought", timeout=LIMIT_MS)


def test_redis_may_stop_and_the_right_misses_nothing(front: Visitor) -> None:
    """Whether the left loses a step then is a matter of luck; the right never does."""
    page = front.page

    press(page, STOP_REDIS)
    expect(page.locator("#event")).to_contain_text("Redis is away", timeout=LIMIT_MS)
    # The service's log and the page's pills say nothing of it: the connections stay.
    page.wait_for_function(STANDS_STILL, timeout=RETURN_LIMIT_MS)
    stopped_at = side(page, "right").last
    wait_for(page, f"right.last > {stopped_at + 10}")

    assert side(page, "right").is_whole
    assert front.complaints == []


# The counter has not moved for two seconds, ten times as long as from step to step.
STANDS_STILL = """() => {
    const { last } = document.getElementById("right").dataset;
    if (window.stood?.last !== last) window.stood = { last, since: performance.now() };
    return performance.now() - window.stood.since > 2000;
}"""


def test_a_first_visit_is_ada_s_until_she_logs_out(front: Visitor) -> None:
    """Nothing has to be typed to see the orders; a log-out counts all the same."""
    page = front.page
    expect(page.locator("#who")).to_have_text("Ada")
    page.get_by_role("main").get_by_role("link", name="Orders", exact=True).click()
    expect(page.get_by_role("link", name="A difference engine, brass")).to_be_visible()

    page.get_by_role("button", name="Log out").click()

    expect(page.locator("#who")).to_have_text("anonymous", timeout=LIMIT_MS)
    page.reload()
    expect(page.locator("#who")).to_have_text("anonymous", timeout=LIMIT_MS)
    wait_for(page, "right.arrived > 3")


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_both_halves_fit_side_by_side(site: str, browser: Browser, viewport: Any) -> None:
    """A comparison is seen at one glance or not at all; also by many digits."""
    with browser.new_context(viewport=viewport) as context:
        visitor = Visitor(context.new_page())
        visitor.page.goto(site)
        wait_for(visitor.page, "left.arrived > 3 && right.arrived > 3")

        left, right = (
            visitor.page.locator(f"#{name}").bounding_box() for name in ("left", "right")
        )
        assert left
        assert right
        assert (left["y"], left["height"]) == (right["y"], right["height"])
        assert left["y"] + 260 < viewport["height"]
        assert not visitor.scrolls_sideways()
        assert visitor.complaints == []
