"""Many connections in this process, and what they must have got."""

import asyncio
import contextlib
import gc
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.connection import Connection
from benchmarks.dialect import Delivery, Dialect, WrongContent

CONNECTING_AT_ONCE: Final = 50
ANSWER_LIMIT_S: Final = 60.0
SURPLUS_WAIT_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Arrival:
    """One delivery and when it came."""

    at_s: float
    delivery: Delivery


class Crowd:
    """Connections to one server, all of the same dialect."""

    def __init__(self, dialect: Dialect, port: int) -> None:
        self.connections: list[Connection] = []
        self._dialect = dialect
        self._port = port
        self._wanted = 0
        self._delivered = 0
        self._complete = asyncio.Event()

    async def connect(self, count: int) -> None:
        """Open connections, 50 at once. Raises ConnectionFailed, TimeoutError, OSError."""
        limit = asyncio.Semaphore(CONNECTING_AT_ONCE)

        async def one() -> Connection:
            async with limit:
                _, connection = await asyncio.get_running_loop().create_connection(
                    self._make,
                    "127.0.0.1",
                    self._port,
                )
                self.connections.append(connection)
                await connection.opened(ANSWER_LIMIT_S)
                await connection.tell(self._dialect.connecting(), ANSWER_LIMIT_S)
                return connection

        await asyncio.gather(*(one() for _ in range(count)))

    async def subscribe(self, topics: Sequence[Sequence[str]]) -> None:
        """Subscribe each connection to its own topics. Raises as ``connect``."""
        for connection, own in zip(self.connections, topics, strict=True):
            await connection.tell(self._dialect.subscribing(own), ANSWER_LIMIT_S)

    def expect(self, deliveries: int) -> None:
        """Say how many deliveries there will be, before the first is made."""
        self._wanted, self._delivered = deliveries, 0
        self._complete.clear()

    @property
    def delivered(self) -> int:
        """How many deliveries have come since ``expect``."""
        return self._delivered

    async def wait_until_complete(self, limit_s: float) -> None:
        """Until everything came, a connection failed, or the time is over: ``arrivals`` tells."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._complete.wait(), limit_s)

    async def arrivals(self) -> list[list[Arrival]]:
        """What each connection got, in its order; waits a little for what is too much.

        Raises ConnectionFailed, WrongContent.
        """
        await asyncio.sleep(SURPLUS_WAIT_S)
        for connection in self.connections:
            if connection.failure:
                raise connection.failure
        return [
            [
                Arrival(at_s, delivery)
                for at_s, message in connection.messages
                for delivery in self._dialect.deliveries(message)
            ]
            for connection in self.connections
        ]

    def close(self) -> None:
        for connection in self.connections:
            connection.close()

    def _make(self) -> Connection:
        host = f"127.0.0.1:{self._port}"
        return Connection(host, self._dialect.path, self._count, self._complete.set)

    def _count(self, deliveries: int) -> None:
        self._delivered += deliveries
        if self._delivered >= self._wanted:
            self._complete.set()


def check_order(arrivals: Sequence[Arrival], numbers: Sequence[int]) -> None:
    """Raises WrongContent unless exactly these numbers came, once each and in this order.

    Where the wire has offsets, they must count on by one as well.
    """
    came = [arrival.delivery.publication.number for arrival in arrivals]
    if came != list(numbers):
        missing = len(set(numbers) - set(came))
        twice = len(came) - len(set(came))
        kind = f"{missing} missing, {twice} twice" if missing or twice else "out of order"
        raise WrongContent(f"{len(came)} of {len(numbers)} came: {kind}")
    offsets = [arrival.delivery.offset for arrival in arrivals]
    first = offsets[0] if offsets else None
    if first is not None and offsets != list(range(first, first + len(offsets))):
        raise WrongContent(f"the numbers are right, their offsets aren't: {offsets[:5]} …")


@contextlib.contextmanager
def own_cpu_share() -> Iterator[list[float]]:
    """Appends how much of its core this process used, 0 to 1; without garbage collection."""
    share: list[float] = []
    gc.collect()
    gc.disable()
    wall_s, cpu_s = time.monotonic(), time.process_time()
    try:
        yield share
    finally:
        share.append((time.process_time() - cpu_s) / max(1e-9, time.monotonic() - wall_s))
        gc.enable()
