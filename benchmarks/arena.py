"""The parts of a measurement, started in order and stopped in order.

A Redis of our own and server processes share one core; this process and publishers have the other.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

import psutil

from benchmarks import placement
from benchmarks.connection import ConnectionFailed
from benchmarks.contestant import ROOT, TEXTBOOK, Contestant
from devkit import checkout, environment, ports
from devkit.child import Child
from devkit.redis_server import NoRedisBinary, RedisDidNotStart, RedisServer

START_LIMIT_S: Final = 30.0
ANSWER_LIMIT_S: Final = 30.0
_POLL_INTERVAL_S: Final = 0.05
LOGS: Final = checkout.STATE / "bench" / "logs"


class DidNotStart(Exception):
    """A server or a publisher ended, or did not answer, at its start."""


class Server:
    """A running contestant."""

    def __init__(self, child: Child, port: int) -> None:
        self.port = port
        self._child = child
        self._process = psutil.Process(child.pid)

    @property
    def memory_bytes(self) -> int:
        """Resident memory of the process."""
        return int(self._process.memory_info().rss)

    @property
    def cpu_s(self) -> float:
        """Processor time that it has used so far."""
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def tail(self) -> str:
        return self._child.tail()


class Publisher:
    """A process that publishes when it is told to, and says when it began and ended."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def publish(self, order: dict[str, Any], limit_s: float) -> dict[str, Any]:
        """Let it publish; gives its answer. Raises DidNotStart, TimeoutError.

        order: what ``benchmarks.publishers`` takes. answer: what it says.
        """
        assert self._process.stdin  # noqa: S101 - for the type checker
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        return await self.answer(limit_s)

    async def answer(self, limit_s: float) -> dict[str, Any]:
        """Its next line. Raises DidNotStart when it has ended, TimeoutError."""
        assert self._process.stdout  # noqa: S101 - for the type checker
        line = await asyncio.wait_for(self._process.stdout.readline(), limit_s)
        if not line:
            raise DidNotStart("the publisher ended; its error is above")
        answer: dict[str, Any] = json.loads(line)
        return answer


@asynccontextmanager
async def serving(contestant: Contestant, redis: RedisServer) -> AsyncIterator[Server]:
    """Start a contestant's server on its core, and stop it. Raises DidNotStart."""
    port = ports.free_port()
    child = Child(
        contestant.name,
        contestant.command(port),
        env=environment.own(REDIS_URL=redis.url, **contestant.environment),
        cwd=contestant.folder,
        log=LOGS / f"{contestant.name}.log",
    )
    with placement.server_core():
        child.start()
    try:
        await _wait_until_it_listens(child, port)
        yield Server(child, port)
    finally:
        child.stop()


async def _wait_until_it_listens(child: Child, port: int) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            if child.poll() is not None or time.monotonic() > deadline:
                raise DidNotStart(f"{child.name} does not listen:\n{child.tail()}") from error
            await asyncio.sleep(_POLL_INTERVAL_S)
        else:
            writer.close()
            return


@asynccontextmanager
async def publishing(contestant: Contestant, redis: RedisServer) -> AsyncIterator[Publisher]:
    """Start a contestant's publisher beside the load; it is warm when this is entered."""
    path = os.pathsep.join(map(str, (ROOT, TEXTBOOK)))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", contestant.publisher),
        env=environment.own(REDIS_URL=redis.url, PYTHONPATH=path, **contestant.environment),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    publisher = Publisher(process)
    try:
        await publisher.answer(ANSWER_LIMIT_S)
        yield publisher
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def own_redis(folder: Path = checkout.STATE / "bench" / "redis") -> RedisServer:
    """A Redis on the server's core; the caller stops it."""
    with placement.server_core():
        return RedisServer().start(folder)


def enter(main: Callable[[Sequence[str]], int]) -> NoReturn:
    """Run a benchmark as a program: a part that doesn't work is a message, not a traceback."""
    try:
        sys.exit(main(sys.argv[1:]))
    except (DidNotStart, ConnectionFailed, NoRedisBinary, RedisDidNotStart) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    except KeyboardInterrupt:
        sys.exit("Stopped: nothing was written down.")
    except TimeoutError:
        sys.exit(f"An answer took too long; the server's log is in {checkout.brief(LOGS)}.")
