"""``tick`` as dev.py runs it: a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from devkit.child import Child
from devkit.ports import free_port
from devkit.redis_server import RedisServer

LIMIT_S = 30
POLL_INTERVAL_S = 0.05


def wait_until(is_true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not is_true():
        assert time.monotonic() < deadline, f"{what}: not within {LIMIT_S} s"
        time.sleep(POLL_INTERVAL_S)


@pytest.fixture
def tick(tmp_path: Path) -> Iterator[tuple[Child, int]]:
    """The command, on a migrated database and with a Redis that is not there yet."""
    port = free_port()
    env = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'tick.sqlite3'}",
        "REDIS_URL": f"redis://127.0.0.1:{port}/0",
    }
    manage = [sys.executable, "-m", "example.manage"]
    subprocess.run([*manage, "migrate", "-v0"], env=env, check=True, timeout=LIMIT_S)
    with Child("tick", [*manage, "tick"], env=env, log=tmp_path / "tick.log") as child:
        yield child, port


def steps_in(redis: RedisServer) -> list[int]:
    """The numbers in the topic's history, in its order."""
    with Redis.from_url(redis.url, decode_responses=True) as connection:
        (stream,) = [
            key for key in connection.scan_iter("*") if connection.type(key) == "stream"
        ] or [None]
        if stream is None:
            return []
        entries = connection.xrange(stream)
        return [int("".join(filter(str.isdigit, payload_of(entry)))) for _, entry in entries]


def payload_of(entry: dict[str, str]) -> str:
    return next(value for value in entry.values() if value.startswith('{"n":'))


def test_it_counts_only_what_redis_takes_and_ends_cleanly(
    tick: tuple[Child, int], tmp_path: Path
) -> None:
    """Steps that nobody could be told would look like losses on the page."""
    child, port = tick
    wait_until(lambda: "stands still at 1:" in child.tail(), "it says that Redis is away")

    with RedisServer() as redis:
        redis.start(tmp_path / "redis", port)
        wait_until(lambda: len(steps_in(redis)) >= 5, "it counts")
        before = steps_in(redis)
        redis.stop()
        wait_until(lambda: child.tail().count("stands still") == 2, "it says so again")
        redis.start()
        wait_until(lambda: len(steps_in(redis)) >= 5, "it counts on")
        after = steps_in(redis)

    assert before == list(range(1, 1 + len(before)))
    assert after == list(range(after[0], after[0] + len(after)))
    # Redis came back empty. What it took between the look and its end is not to be seen.
    assert before[-1] < after[0] <= before[-1] + 5
    assert child.stop() == 0
    lines = child.tail().splitlines()
    assert "Stopped counting" in lines[-1]
    assert len(lines) == 6, child.tail()
