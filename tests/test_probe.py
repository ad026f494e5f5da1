"""The probe against services that are really broken, each in its own way."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devkit.ports import free_port
from devkit.redis_server import RedisServer
from tests.live import CHECKOUT, Service, Site, bare_environment, wait_until

Start = Callable[..., Service]


def probe(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run ``healthcheck.py`` as a container would. Returns exit status and its one line."""
    finished = subprocess.run(
        [sys.executable, "healthcheck.py", *arguments],
        env=bare_environment() | environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    output = finished.stdout + finished.stderr
    assert output.count("\n") == 1, output
    return finished.returncode, output.strip()


def url(port: int) -> str:
    return f"ws://127.0.0.1:{port}"


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], int]]:
    """A server that answers every connection with the same bytes: ``answering(bytes)`` → port."""
    processes: list[subprocess.Popen[str]] = []

    def serve(answer: bytes) -> int:
        script = (
            "import socket, sys\n"
            "listener = socket.create_server(('127.0.0.1', 0))\n"
            "print(listener.getsockname()[1], flush=True)\n"
            "while True:\n"
            "    connection, _ = listener.accept()\n"
            "    connection.recv(65536)\n"
            f"    connection.sendall({answer!r})\n"
            "    connection.close()\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout is not None
        return int(process.stdout.readline())

    yield serve
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.promise("probe")
def test_a_healthy_service_is_live_and_ready(service: Service) -> None:
    """Exit status 0, and a line for the curious."""
    assert probe("--live", "--url", url(service.port)) == (
        0,
        f"live: 127.0.0.1:{service.port} shakes hands",
    )
    status, line = probe("--ready", "--url", url(service.port))
    assert status == 0
    assert line.endswith("channel layer: ok")


def test_the_probe_finds_the_service_by_its_own_variable(service: Service) -> None:
    """One variable says where the service listens, for itself and for its probe."""
    assert probe("--live", WS_SERVICE_BIND=f"0.0.0.0:{service.port}")[0] == 0


def test_a_unix_socket_is_probed(start: Start, tmp_path: Path) -> None:
    """Behind a proxy on the same host there is no port."""
    path = tmp_path / "ws.sock"
    start(("-m", "ws_service", "serve", "--bind", f"unix:{path}"), unix_path=path)
    assert probe("--ready", "--unix", str(path))[0] == 0
    assert probe("--live", WS_SERVICE_BIND=f"unix:{path}")[0] == 0


@pytest.mark.promise("probe")
def test_nobody_listens() -> None:
    """The process is gone."""
    port = free_port()
    status, line = probe("--live", "--url", url(port))
    assert (status, line) == (
        1,
        f"refused: can't connect to 127.0.0.1:{port}: Connection refused",
    )


def test_no_unix_socket_is_there(tmp_path: Path) -> None:
    """The same, without a port."""
    status, line = probe("--live", "--unix", str(tmp_path / "none.sock"))
    assert status == 1
    assert line.startswith("refused: can't connect to unix:")


@pytest.mark.promise("probe")
def test_a_frozen_process_times_out(start: Start) -> None:
    """The kernel still accepts connections for a process that is stuck."""
    service = start()
    os.kill(service.child.pid, signal.SIGSTOP)
    try:
        status, line = probe("--live", "--url", url(service.port), "--timeout", "1")
    finally:
        os.kill(service.child.pid, signal.SIGCONT)
    assert (status, line) == (
        1,
        f"timed out: 127.0.0.1:{service.port} accepted a connection and did not answer within 1 s",
    )


def test_a_full_backlog_times_out() -> None:
    """A listener that no longer accepts drops new connections without a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        status, line = probe("--live", "--url", url(port), "--timeout", "1")
        for filler in fillers:
            filler.close()
    assert status == 1
    assert line.startswith("timed out: ")


@pytest.mark.promise("probe")
@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "status 200 OK: {at} refused"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "status 502 Bad Gateway: {at} refused"),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", "not a WebSocket: {at} does not speak HTTP"),
        (b"", "not a WebSocket: {at} broke off: connection closed"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "not a WebSocket: {at} answered 101 with"),
        (b"x" * 20_000, "not a WebSocket: {at} broke off: the response's head is too long"),
    ],
    ids=["http", "proxy", "ssh", "silent", "no-proof", "endless"],
)
def test_something_else_listens(
    answering: Callable[[bytes], int], answer: bytes, line: str
) -> None:
    """A wrong port, a proxy without its service, another program."""
    port = answering(answer)
    status, seen = probe("--live", "--url", url(port))
    assert status == 1
    assert seen.startswith(line.replace("{at}", f"127.0.0.1:{port}"))


def test_a_path_that_is_no_websocket_names_the_status(service: Service) -> None:
    """The refusal of the service itself."""
    status, line = probe("--live", "--url", f"{url(service.port)}/ws/nothing/")
    assert status == 1
    assert line.startswith("status 403")


def test_a_consumer_is_no_health_endpoint(service: Service) -> None:
    """Pointed at a chat, the probe doesn't take its answer for health."""
    status, line = probe("--ready", "--url", f"{url(service.port)}/ws/index/")
    assert (status, line) == (
        1,
        f"not ready: 127.0.0.1:{service.port} answers something else than a health report",
    )


@pytest.mark.promise("live-without-redis")
@pytest.mark.parametrize("layer", ["pubsub", "core"])
def test_a_stopped_redis_fails_ready_and_never_live(
    start: Start, site: Site, own_redis: RedisServer, layer: str
) -> None:
    """A liveness probe that depends on Redis restarts every pod in a Redis outage."""
    service = start(environment={"REDIS_URL": own_redis.url, "CHANNEL_LAYER": layer})
    at = ("--url", url(service.port))
    assert probe("--ready", *at)[0] == 0
    own_redis.stop()
    wait_until(lambda: probe("--ready", *at)[0] == 1)
    assert probe("--ready", *at)[1].startswith("not ready: channel layer down: ")
    assert probe("--live", *at)[0] == 0
    own_redis.start()
    wait_until(lambda: probe("--ready", *at)[0] == 0)


@pytest.mark.promise("live-without-redis")
def test_a_hanging_redis_fails_ready_in_time_and_never_live(
    start: Start, own_redis: RedisServer
) -> None:
    """Half-dead is worse than dead: no error, no answer."""
    service = start(environment={"REDIS_URL": own_redis.url})
    at = ("--url", url(service.port))
    assert probe("--ready", *at)[0] == 0
    os.kill(own_redis.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: probe("--ready", *at)[0] == 1)
        assert probe("--ready", *at)[1] == "not ready: channel layer down: no answer within 2 s"
        assert probe("--live", *at)[0] == 0
    finally:
        os.kill(own_redis.pid, signal.SIGCONT)
    wait_until(lambda: probe("--ready", *at)[0] == 0)


# The example's service, which has topics, with no consumers' layer to be asked first.
PUSH_ONLY = """
from example.settings import *
CHANNEL_LAYERS = {}
WS_SERVICE = WS_SERVICE | {"REDIS_URL": env.str("REDIS_URL")}
"""


@pytest.mark.promise("live-without-redis")
def test_a_stopped_redis_of_the_topics_fails_ready_and_never_live(
    start: Start, own_redis: RedisServer, tmp_path: Path
) -> None:
    """A site that only pushes has no channel layer that would show it."""
    (tmp_path / "push_only.py").write_text(PUSH_ONLY)
    service = start(
        ("-m", "ws_service", "serve", "--bind", "127.0.0.1:{port}"),
        settings="push_only",
        environment={"REDIS_URL": own_redis.url, "PYTHONPATH": str(tmp_path)},
    )
    at = ("--url", url(service.port))
    assert probe("--ready", *at)[1].endswith("channel layer: none is configured; topics: ok")
    own_redis.stop()
    wait_until(lambda: probe("--ready", *at)[0] == 1)
    assert probe("--ready", *at)[1].startswith("not ready: topics down: ")
    assert probe("--live", *at)[0] == 0
    own_redis.start()
    wait_until(lambda: probe("--ready", *at)[0] == 0)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--url", "http://127.0.0.1:8001"), "write ws://host:port"),
        (("--url", "wss://127.0.0.1:8001"), "loopback listener"),
        (("--url", "ws://127.0.0.1:99999"), "ort"),
    ],
)
def test_a_wrong_address_is_named(arguments: tuple[str, ...], line: str) -> None:
    """A typo in a manifest is found in its first event."""
    status, seen = probe("--live", *arguments)
    assert status == 1
    assert line in seen


def test_the_probe_needs_the_standard_library_only() -> None:
    """It runs every few seconds in every pod: no Django, no third-party import."""
    script = (
        "import sys; from ws_service import probe;"
        "print([name for name in ('django', 'asyncio', 'redis') if name in sys.modules])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script],
        cwd=CHECKOUT,
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert finished.stdout.strip() == "[]"
