"""The gateway site on each server, and clients that speak the protocol by hand."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import pytest
from websockets.sync.client import ClientConnection

from tests.gateway.client import Client
from tests.live import Service, Site, hear
from ws_service.publishing.broker import close_publisher

SETTINGS = "tests.sites.gateway_site.settings"
SERVERS = {
    "daphne": ("-m", "ws_service", "serve", "--bind", "127.0.0.1:{port}"),
    "uvicorn": (
        *("-m", "uvicorn", "--port", "{port}", "--log-level", "warning"),
        "tests.sites.faulty_asgi:application",
    ),
}
_names = count(1)


@pytest.fixture(scope="module", params=list(SERVERS))
def served(
    request: pytest.FixtureRequest, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The gateway site."""
    log = tmp_path_factory.mktemp(request.param) / "service.log"
    service = Service(site, log, SERVERS[request.param], settings=SETTINGS)
    service.start()
    yield service
    service.stop()


@pytest.fixture
def no_traceback(served: Service) -> Iterator[None]:
    """Anybody can send nonsense: it must not fill the log with errors of the service."""
    before = served.child.tail(10_000)
    yield
    new = served.child.tail(10_000)[len(before) :]
    assert "Traceback" not in new
    assert "ERROR" not in new


@pytest.fixture
def is_daphne(served: Service) -> bool:
    return "ws_service" in served.child.argv


@pytest.fixture
def open_client(served: Service) -> Iterator[Callable[..., Client]]:
    """``open_client(cookie=…)``: a connected client; ``is_connected=False``: an open socket."""
    with ExitStack() as stack:

        def open_client(*, is_connected: bool = True, **options: Any) -> Client:
            options.setdefault("origin", "own" if "cookie" in options else None)
            socket = stack.enter_context(served.connect("/connection/websocket", **options))
            client = Client(socket)
            if is_connected:
                assert client.ask("connect")["connect"]["client"]
            return client

        yield open_client


class State:
    """The process as it is now."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def __getitem__(self, key: str) -> Any:
        with self._service.connect("/ws/state/", origin=None) as socket:
            return hear(socket)[key]

    def count(self, counter: str) -> int:
        return self["counters"].get(counter, 0)


@pytest.fixture
def state(served: Service) -> State:
    return State(served)


class Gate:
    """Where the site's functions wait until it is opened."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        assert hear(socket) == "closed"

    def wait_for_somebody(self) -> None:
        """Return when a function of the site waits here."""
        assert hear(self._socket) == "reached"

    def open(self) -> None:
        self._socket.close()


@pytest.fixture
def close_gate(served: Service) -> Iterator[Callable[[str], Gate]]:
    """``close_gate("n1")``: a gate, closed; the end of the test opens it."""
    with ExitStack() as stack:

        def close_gate(name: str) -> Gate:
            return Gate(stack.enter_context(served.connect(f"/ws/gate/{name}/", origin=None)))

        yield close_gate


@pytest.fixture
def client(open_client: Callable[..., Client]) -> Client:
    return open_client()


@pytest.fixture
def name() -> str:
    """One that no other test uses."""
    return f"n{next(_names)}"


@pytest.fixture
def publishing(settings: Any, site: Site) -> Iterator[None]:
    """This process publishes to the service's Redis."""
    settings.WS_SERVICE = {
        "ROUTING": "tests.sites.gateway_site.routing",
        "REDIS_URL": site.redis_url,
    }
    yield
    close_publisher()
