"""Services with the push site, and processes with the official SDKs in them."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from devkit import client_sdk
from devkit.redis_server import RedisServer
from tests.conformance import sdk_versions
from tests.conformance.browser_sdk import BrowserSdk, page_server
from tests.conformance.publisher import SETTINGS, Publisher
from tests.conformance.sdk_process import Sdk
from tests.e2e import chromium
from tests.faults.link import Link
from tests.live import Service, Site

SERVERS = {
    "daphne": ("-m", "ws_service", "serve", "--bind", "127.0.0.1:{port}"),
    "uvicorn": (
        *("-m", "uvicorn", "--port", "{port}", "--log-level", "warning"),
        "tests.sites.faulty_asgi:application",
    ),
}
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Stage:
    """A service, the site that publishes to it, and a link on which clients come.

    flags: a folder; the topic `flaky:x` may be subscribed to once there is a file `x`.
    """

    redis: RedisServer
    service: Service
    publisher: Publisher
    link: Link
    flags: Path

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.link.port}/connection/websocket"

    @property
    def headers(self) -> dict[str, str]:
        """What a page of the same origin sends."""
        return {"Origin": f"http://127.0.0.1:{self.link.port}"}


@pytest.fixture(scope="session")
def sdk_package() -> Path:
    """The npm package; `python3 dev.py test` fetches it."""
    assert client_sdk.PACKAGE.is_dir(), "run `python3 dev.py test`: it fetches the SDK"
    return client_sdk.PACKAGE


@pytest.fixture(scope="session")
def page_origin(sdk_package: Path) -> Iterator[str]:
    """The origin of a page that is served on another port than the service."""
    with page_server(sdk_package) as origin:
        yield origin


@pytest.fixture(scope="package")
def stage(
    request: pytest.FixtureRequest,
    site: Site,
    page_origin: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    """Each server with a Redis of its own, which tests may restart if they start it again."""
    folder = tmp_path_factory.mktemp(request.param)
    flags = folder / "flags"
    flags.mkdir()
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer().start(folder / "redis"))
        own = {
            "REDIS_URL": redis.url,
            "FLAGS": str(flags),
            "PING_INTERVAL": "1",
            "WS_SERVICE_ALLOWED_ORIGINS": page_origin,
        }
        service = Service(
            site,
            folder / "service.log",
            SERVERS[request.param],
            settings=SETTINGS,
            environment=own,
        )
        stack.callback(service.stop)
        service.start()
        environment = site.environment(SETTINGS) | own
        publisher = stack.enter_context(Publisher(environment, folder / "publisher.log"))
        link = stack.enter_context(Link(service.port))
        yield Stage(redis, service, publisher, link, flags)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each SDK on each server; the older ones run the core of the suite on one of them: all of it
    would take twice as long.

    Under Uvicorn the older one for Python can't even connect: it sends an empty
    `Sec-WebSocket-Protocol`, which Uvicorn refuses and RFC 6455 doesn't allow (4.1).
    """
    if not {"sdk", "stage"} <= set(metafunc.fixturenames):
        return
    newest = [*sdk_versions.NEWEST, "chromium"]
    pairs = [(server, sdk) for server in SERVERS for sdk in newest]
    if metafunc.definition.get_closest_marker("older_sdks"):
        pairs += [("daphne", sdk) for sdk in sdk_versions.OLDER]
    chosen = [
        pytest.param(*pair, marks=[pytest.mark.browser] if "chromium" in pair else [])
        for pair in pairs
    ]
    metafunc.parametrize(("stage", "sdk"), chosen, indirect=True, scope="package")


@pytest.fixture(scope="package")
def sdk(
    request: pytest.FixtureRequest,
    page_origin: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Sdk]:
    """The official SDKs that speak JSON, by the same commands."""
    if request.param == "chromium":
        path = chromium.find_or_skip()
        # Not longer than this package: Playwright's event loop runs in this thread.
        with sync_playwright() as playwright, chromium.launch(playwright.chromium, path) as browser:
            yield BrowserSdk(browser.new_page(), page_origin)
        return
    with sdk_versions.process(request.param, tmp_path_factory.mktemp("sdk")) as sdk:
        yield sdk


@pytest.fixture
def name() -> str:
    """A name that no other test uses: for clients and topics."""
    return f"n{next(_numbers)}"


@pytest.fixture
def client(sdk: Sdk, stage: Stage, name: str) -> Iterator[str]:
    """A connected client, by its name."""
    sdk.connect(name, stage.url, **stage.headers)
    sdk.connected(name)
    yield name
    sdk.tell("disconnect", name)


@pytest.fixture
def ada(sdk: Sdk, stage: Stage, site: Site, name: str) -> Iterator[str]:
    """A connected client of Ada's, by its name."""
    sdk.connect(f"{name}-ada", stage.url, Cookie=site.cookie_of("Ada"), **stage.headers)
    sdk.connected(f"{name}-ada")
    yield f"{name}-ada"
    sdk.tell("disconnect", f"{name}-ada")
