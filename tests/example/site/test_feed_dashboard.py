"""``feed_dashboard`` as dev.py runs it: a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devkit.child import Child
from devkit.ports import free_port
from devkit.redis_server import RedisServer

START_LIMIT_S = 30
POLL_INTERVAL_S = 0.05


def wait_until(is_true: Callable[[], bool], what: str, limit_s: float = START_LIMIT_S) -> None:
    deadline = time.monotonic() + limit_s
    while not is_true():
        assert time.monotonic() < deadline, f"{what}: not within {limit_s} s"
        time.sleep(POLL_INTERVAL_S)


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[tuple[Child, int]]:
    """The command, on a migrated database and with a Redis that is not there yet."""
    port = free_port()
    env = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'feed.sqlite3'}",
        "REDIS_URL": f"redis://127.0.0.1:{port}/0",
    }
    manage = [sys.executable, "-m", "example.manage"]
    subprocess.run([*manage, "migrate", "-v0"], env=env, check=True, timeout=START_LIMIT_S)
    with Child("feed", [*manage, "feed_dashboard"], env=env, log=tmp_path / "feed.log") as child:
        yield child, port


def test_it_survives_redis_being_away_and_ends_cleanly(
    feed: tuple[Child, int], tmp_path: Path
) -> None:
    """One line when Redis goes, one when it is back, exit 0 at SIGTERM."""
    child, port = feed
    wait_until(lambda: "gets no points" in child.tail(), "it says that Redis is away")

    with RedisServer() as redis:
        redis.start(tmp_path / "redis", port)
        wait_until(lambda: "gets points again" in child.tail(), "it says that Redis is back")
        redis.stop()
        wait_until(lambda: child.tail().count("gets no points") == 2, "it says so again")

    assert child.stop() == 0
    lines = child.tail().splitlines()
    assert len(lines) == 5, child.tail()
    assert "Stopped feeding" in lines[-1]
