"""Real browsers in front of real sites and services.

Nothing of Playwright lives longer than a module: its event loop runs in this thread, where the
asynchronous tests of other folders need theirs.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, sync_playwright

from tests.e2e import chromium
from tests.e2e.gunicorn_site import GunicornSite
from tests.e2e.visitor import Visitor
from tests.live import Site


@pytest.fixture(scope="module")
def chromium_path() -> str:
    return chromium.find_or_skip()


@pytest.fixture(scope="module")
def chromium_type(chromium_path: str) -> Iterator[BrowserType]:
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="module")
def browser(chromium_type: BrowserType, chromium_path: str) -> Iterator[Browser]:
    """One browser process for the tests that need no second one."""
    browser = chromium.launch(chromium_type, chromium_path)
    yield browser
    browser.close()


@pytest.fixture
def new_browser(chromium_type: BrowserType, chromium_path: str) -> Iterator[Callable[[], Browser]]:
    """Start browser processes that share nothing."""
    browsers: list[Browser] = []

    def start() -> Browser:
        browsers.append(chromium.launch(chromium_type, chromium_path))
        return browsers[-1]

    yield start
    for each in browsers:
        each.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without cookies."""
    context = browser.new_context(viewport=chromium.DESKTOP)
    yield context
    context.close()


@pytest.fixture
def visitor(context: BrowserContext) -> Visitor:
    """Somebody who is not logged in."""
    return Visitor(context.new_page())


@pytest.fixture(scope="module")
def live_site(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GunicornSite]:
    """A site and its service for tests that leave both running."""
    with GunicornSite(site, tmp_path_factory.mktemp("live")) as live_site:
        yield live_site


@pytest.fixture
def own_live_sites(site: Site, tmp_path: Path) -> Iterator[tuple[GunicornSite, GunicornSite]]:
    """Two sites on one database, each with a service that the test may stop."""
    folders = (tmp_path / "first", tmp_path / "second")
    for folder in folders:
        folder.mkdir()
    with GunicornSite(site, folders[0]) as first, GunicornSite(site, folders[1]) as second:
        yield first, second
