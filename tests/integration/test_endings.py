"""How connections end: errors, stops, and applications that forget to close."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from devkit.redis_server import RedisServer
from tests.live import ANSWER_LIMIT_S, Service, Site, hear, wait_until

Start = Callable[..., Service]
SERVE = ("-m", "ws_service", "serve", "--bind", "127.0.0.1:{port}")
DAPHNE = ("-m", "daphne", "-p", "{port}", "tests.sites.faulty_asgi:application")
UVICORN = ("-m", "uvicorn", "--port", "{port}", "tests.sites.faulty_asgi:application")
# What the codes become on stock Daphne, which can't send reserved ones.
CODES = [(SERVE, 0), (DAPHNE, 3000), (UVICORN, 0)]


def close_code(socket: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=ANSWER_LIMIT_S)
    return closed.value.rcvd.code if closed.value.rcvd else 1006


def wait_for(file: Path) -> str:
    wait_until(lambda: file.exists() and file.read_text().endswith("\n"))
    return file.read_text().strip()


@pytest.fixture(params=CODES, ids=["serve", "daphne", "uvicorn"])
def faulty(request: pytest.FixtureRequest, start: Start) -> tuple[Service, int]:
    argv, shift = request.param
    return start(argv, settings="tests.sites.faulty_settings"), shift


@pytest.mark.promise("disconnect-runs")
@pytest.mark.parametrize("kind", ["diary", "sync-diary"])
def test_after_an_error_the_client_gets_1011_and_disconnect_runs(
    faulty: tuple[Service, int], tmp_path: Path, kind: str
) -> None:
    """With plain Channels the group is never left and stock Daphne says 1006 or nothing."""
    service, shift = faulty
    with service.connect(f"/{kind}/{tmp_path}/it/") as socket:
        if kind == "diary":
            socket.recv(timeout=ANSWER_LIMIT_S)
        socket.send("raise")
        assert close_code(socket) == 1011 + shift
    assert wait_for(tmp_path / "it") == "1011"
    assert service.child.tail(500).count("LookupError: a consumer's bug") == 1


@pytest.mark.promise("disconnect-runs")
def test_disconnect_runs_also_when_the_client_leaves_during_a_failing_handler(
    faulty: tuple[Service, int], tmp_path: Path
) -> None:
    """Channels reads the disconnect ahead, and drops it with the handler's exception."""
    service, _ = faulty
    with service.connect(f"/diary/{tmp_path}/it/") as socket:
        socket.recv(timeout=ANSWER_LIMIT_S)
        socket.send("slow")
        assert socket.ping().wait(ANSWER_LIMIT_S)
    assert wait_for(tmp_path / "it") in ("1000", "1005")


def test_a_close_code_that_can_not_be_sent_is_a_bug_and_closes(
    faulty: tuple[Service, int], tmp_path: Path
) -> None:
    """It must not leave a socket open with nobody behind it."""
    service, _ = faulty
    with service.connect(f"/diary/{tmp_path}/it/") as socket:
        socket.recv(timeout=ANSWER_LIMIT_S)
        socket.send("70000")
        assert close_code(socket) in (1011, 4011, 1006)
    wait_for(tmp_path / "it")


def test_an_application_that_never_answers_is_refused(faulty: tuple[Service, int]) -> None:
    """Not a handshake that hangs until somebody's time-out."""
    service, _ = faulty
    with pytest.raises(InvalidStatus) as refused:
        service.connect("/unanswered/")
    assert refused.value.response.status_code in (403, 500)
    assert "'/unanswered/' returned without an answer" in service.child.tail(100)


def test_an_error_before_the_answer_refuses_the_handshake(faulty: tuple[Service, int]) -> None:
    """Nobody waits for an answer that will not come."""
    service, _ = faulty
    with pytest.raises(InvalidStatus) as refused:
        service.connect("/refusing/")
    assert refused.value.response.status_code in (403, 500)


def test_an_application_that_returns_is_closed(faulty: tuple[Service, int]) -> None:
    """On stock Daphne the socket would stay open with nobody behind it."""
    service, _ = faulty
    with service.connect("/early/") as socket:
        assert close_code(socket) == 1000


@pytest.mark.promise("close-codes")
def test_a_consumers_own_close_code_arrives(faulty: tuple[Service, int], tmp_path: Path) -> None:
    """Stock Daphne raises for it and leaves the connection open."""
    service, shift = faulty
    with service.connect(f"/diary/{tmp_path}/it/") as socket:
        socket.recv(timeout=ANSWER_LIMIT_S)
        socket.send("1013")
        assert close_code(socket) == 1013 + shift


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("dot", "DiaryConsumer needs `async def diary_entry(self, event)`"),
        ("orm", "DiaryConsumer is asynchronous and calls the ORM's synchronous methods"),
    ],
)
def test_a_classic_mistake_is_explained_in_the_log(
    start: Start, tmp_path: Path, word: str, sentence: str
) -> None:
    """The traceback alone has cost many an afternoon."""
    service = start(SERVE, settings="tests.sites.faulty_settings")
    with service.connect(f"/diary/{tmp_path}/it/") as socket:
        socket.recv(timeout=ANSWER_LIMIT_S)
        socket.send(word)
        assert close_code(socket) == 1011
    assert sentence in service.child.tail(500)


@pytest.mark.promise("stop-1012")
@pytest.mark.parametrize("argv", [SERVE, UVICORN], ids=["serve", "uvicorn"])
def test_a_stop_tells_clients_to_come_back(
    start: Start, tmp_path: Path, argv: tuple[str, ...]
) -> None:
    """The textbook's SIGTERM: 1006, and disconnect() never runs (stock Daphne still)."""
    service = start(argv, settings="tests.sites.faulty_settings")
    with service.connect(f"/diary/{tmp_path}/it/") as socket:
        socket.recv(timeout=ANSWER_LIMIT_S)
        service.child.interrupt()
        assert close_code(socket) == 1012
    assert wait_for(tmp_path / "it") == "1012"
    assert service.child.wait(ANSWER_LIMIT_S) in (0, -15)


def test_after_a_stop_nobody_is_accepted(start: Start, tmp_path: Path) -> None:
    """Clients that are told to come back come back at once: to another process, not to this."""
    service = start(SERVE, settings="tests.sites.faulty_settings")
    with service.connect("/endless/"), service.connect(f"/diary/{tmp_path}/it/") as socket:
        socket.recv(timeout=ANSWER_LIMIT_S)
        service.child.interrupt()
        assert close_code(socket) == 1012
        with pytest.raises(ConnectionRefusedError):
            service.connect(f"/diary/{tmp_path}/it/")
    service.child.kill()  # the endless one would hold it up for the whole of STOP_LIMIT_S


def test_a_closed_terminal_is_a_stop_like_any_other(start: Start, tmp_path: Path) -> None:
    """SIGHUP ends a process at once by default, and disconnect() would not run."""
    service = start(SERVE, settings="tests.sites.faulty_settings")
    with service.connect(f"/diary/{tmp_path}/it/") as socket:
        socket.recv(timeout=ANSWER_LIMIT_S)
        os.kill(service.child.pid, signal.SIGHUP)
        assert close_code(socket) == 1012
    assert wait_for(tmp_path / "it") == "1012"


def test_a_socket_that_a_killed_process_left_is_taken_over(start: Start, tmp_path: Path) -> None:
    """In a container the new process has the old one's id, so a lock file would not tell."""
    path = tmp_path / "ws.sock"
    argv = ("-m", "ws_service", "serve", "--bind", f"unix:{path}")
    first = start(argv, settings="tests.sites.faulty_settings", unix_path=path)
    first.child.kill()
    assert path.is_socket()
    second = start(argv, settings="tests.sites.faulty_settings", unix_path=path)
    with second.connect(f"/diary/{tmp_path}/it/"):
        pass


def test_an_address_can_not_forge_log_lines(faulty: tuple[Service, int]) -> None:
    """A path may hold an escaped newline."""
    service, _ = faulty
    forged = "/x%0a2026-01-01%20CRITICAL%20forged"
    for origin in ("own", "http://evil.example"):
        with pytest.raises(InvalidStatus):
            service.connect(forged, origin=origin)
    lines = service.child.tail(100).splitlines()
    assert any("CRITICAL forged" in line for line in lines)
    assert not any(line.startswith("2026-01-01 CRITICAL") for line in lines)


def test_own_middleware_sees_the_user_in_the_order_given(start: Start, site: Site) -> None:
    """Tenants, feature flags and audits are the site's business."""
    service = start(SERVE, settings="tests.sites.faulty_settings")
    with service.connect("/tenant/", cookie=site.cookie_of("Ada")) as socket:
        assert socket.recv(timeout=ANSWER_LIMIT_S) == "acme ada@example.org tenant,audit"


@pytest.mark.promise("outage-1013")
def test_while_redis_is_away_clients_are_told_to_come_back(
    start: Start, own_redis: RedisServer
) -> None:
    """403 would tell them never to try again, and an outage is no bug to fill the log with."""
    service = start(environment={"REDIS_URL": own_redis.url})
    with service.connect("/ws/chat/") as socket:
        hear(socket)
        own_redis.stop()
        socket.send('{"message": "anybody?"}')
        assert close_code(socket) == 1013
    with service.connect("/ws/chat/", open_timeout=30) as socket:
        assert close_code(socket) == 1013
    log = service.child.tail(500)
    assert "The WebSocket at '/ws/chat/' failed: can't connect to Redis" in log
    assert "Error on the WebSocket" not in log
    own_redis.start()
    wait_until(lambda: is_joined(service))


def is_joined(service: Service) -> bool:
    try:
        with service.connect("/ws/chat/") as socket:
            return hear(socket)["type"] == "joined"
    except ConnectionClosed:
        return False


@pytest.mark.promise("unreachable-store")
def test_a_stuck_database_never_means_anonymous_and_does_not_prevent_the_end(
    start: Start, site: Site
) -> None:
    """People are not logged out by it, others are not held up, and a stop is still a stop."""
    service = start(
        SERVE, settings="tests.sites.faulty_settings", environment={"STUCK_BACKEND": "true"}
    )
    stuck = site.cookie_of("Ada", backend="tests.sites.faulty.StuckBackend")
    with service.connect("/tenant/", cookie=stuck, open_timeout=20) as socket:
        assert close_code(socket) == 1013
    with service.connect("/tenant/") as socket:
        assert "AnonymousUser" in str(socket.recv(timeout=ANSWER_LIMIT_S))
    service.child.interrupt()
    assert service.child.wait(ANSWER_LIMIT_S) == 0


@pytest.mark.promise("health-always")
def test_health_answers_without_origin_and_on_every_server(faulty: tuple[Service, int]) -> None:
    """Probes are no browsers, and the routing of a site does not name ws/health/."""
    service, _ = faulty
    with service.connect("/ws/health/", origin="http://evil.example") as socket:
        socket.send("?")
        report = hear(socket)
        assert report["status"] == "ready"
        assert report["channel_layer"]["ok"] is True
        assert close_code(socket) == 1000
