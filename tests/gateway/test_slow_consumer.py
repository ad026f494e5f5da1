"""A client that doesn't read costs no more than its send buffer, and is let go."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.gateway.client import Client
from tests.gateway.conftest import SERVERS, SETTINGS, State
from tests.live import Service, Site, wait_until
from ws_service import publish

SLOW = "ws_service_slow_connections_total"
LARGE = "x" * 60_000
ROUNDS = 20
BURST = 40
"""40 of 60,000 bytes are more than the send buffer's 1 MiB and a socket's own buffers."""

pytestmark = [pytest.mark.usefixtures("publishing"), pytest.mark.django_db]
# Stock Daphne's send never waits: its own buffer takes everything, and only the pong ends it.
on_uvicorn = pytest.mark.parametrize("served", ["uvicorn"], indirect=True)


@pytest.fixture
def idler(served: Service) -> Iterator[socket.socket]:
    """A socket that will take little before it has to be read."""
    with closing(socket.socket()) as narrow:
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        narrow.connect(("127.0.0.1", served.port))
        yield narrow


def publish_until_slow(channel: str, state: State, before: int) -> None:
    for _ in range(ROUNDS):
        for _ in range(BURST):
            publish(channel, LARGE, on_commit=False)
        if state.count(SLOW) > before:
            return


@pytest.mark.promise("slow-client")
@on_uvicorn
def test_a_client_that_does_not_read_is_told_3008_and_recovers(
    open_client: Callable[..., Client], idler: socket.socket, state: State, name: str
) -> None:
    """It comes back by itself and gets what it missed; the others notice nothing."""
    channel = f"fleeting:{name}"
    client = open_client(sock=idler, max_queue=1, compression=None)
    client.ask("subscribe", channel=channel)
    before = state.count(SLOW)
    publish_until_slow(channel, state, before)
    assert state.count(SLOW) == before + 1
    assert client.end() == (3008, "slow")
    wait_until(lambda: state["connections"] == 0)


@on_uvicorn
def test_a_client_that_never_reads_is_let_go_and_memory_stays_bounded(
    open_client: Callable[..., Client], idler: socket.socket, state: State, name: str
) -> None:
    """Else one phone in a tunnel would take the memory of all."""
    channel = f"fleeting:{name}"
    client = open_client(sock=idler, max_queue=1, compression=None)
    client.ask("subscribe", channel=channel)
    before, most_kib = state.count(SLOW), state["most_kib"]
    publish_until_slow(channel, state, before)
    for _ in range(10 * BURST):
        publish(channel, LARGE, on_commit=False)
    assert state.count(SLOW) == before + 1
    wait_until(lambda: state["connections"] == 0)
    assert state["most_kib"] - most_kib < 16_384


@pytest.mark.parametrize("server", list(SERVERS))
def test_a_client_that_never_reads_sends_no_pong_and_is_let_go(
    site: Site, tmp_path: Path, server: str, name: str
) -> None:
    """On every server, also where little is published; what waited for it is freed."""
    pinging = {"PING_INTERVAL": "1"}
    log = tmp_path / "service.log"
    service = Service(site, log, SERVERS[server], settings=SETTINGS, environment=pinging)
    with closing(socket.socket()) as narrow, ExitStack() as stack:
        stack.callback(service.stop)
        service.start()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        narrow.connect(("127.0.0.1", service.port))
        options = {"sock": narrow, "max_queue": 1, "origin": None, "close_timeout": 1}
        client = Client(stack.enter_context(service.connect("/connection/websocket", **options)))
        client.ask("connect")
        client.ask("subscribe", channel=f"fleeting:{name}")
        publish([f"fleeting:{name}"] * 20, LARGE, on_commit=False)
        state = State(service)
        assert state["connections"] == 1
        wait_until(lambda: state["connections"] == 0)
        assert "Traceback" not in service.child.tail(500)
