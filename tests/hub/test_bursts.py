"""Much at once: nobody who reads is taken for somebody who doesn't."""

import asyncio
import json
from collections.abc import Callable

from tests.hub.conftest import TOPIC, Stage
from tests.hub.processes import KEPT
from tests.waiting import until
from ws_service.broker.position import Position
from ws_service.hub.hub import Attached
from ws_service.hub.send_buffer import SendBuffer
from ws_service.hub.subscription import Subscription
from ws_service.hub.topic import JOINED_LIMIT_BYTES
from ws_service.protocol.codes import Disconnect
from ws_service.protocol.lines import Lines

BUFFER_BYTES = 1_048_576


def ignore(attached: Attached) -> None:
    """What a client is told is not of interest here."""


class Reader:
    """A connection whose client reads as fast as it can."""

    def __init__(self, buffer_bytes: int = BUFFER_BYTES, reads: bool = True) -> None:
        self.buffer = SendBuffer(buffer_bytes)
        self.sizes: list[int] = []
        self.numbers: list[int] = []
        self.end: Disconnect | None = None
        self._task = asyncio.create_task(self._read()) if reads else None

    def deliver(self, lines: Lines) -> None:
        self.buffer.write(lines)

    def has_room(self, size_bytes: int) -> bool:
        return self.buffer.has_room(size_bytes)

    async def wait_for_room(self) -> bool:
        await self.buffer.wait_for_room()
        return True

    def lose_position(self, subscription: Subscription) -> None:
        raise AssertionError("the topic went on")

    async def _read(self) -> None:
        while not isinstance(frame := await self.buffer.take(), Disconnect):
            self.sizes.append(frame.size)
            for line in frame.text.split("\n"):
                data = json.loads(line)["push"]["pub"]["data"]
                self.numbers.append(int(data.partition("-")[0]))
        self.end = frame


async def test_a_burst_larger_than_the_buffer_reaches_who_reads(stage: Stage) -> None:
    """A hundred publications of 12 kB within a moment: 1.2 MB for a buffer of 1 MiB."""
    reader = Reader()
    await stage.hub.subscribe(Subscription(TOPIC, reader), ignore, history=KEPT)
    stage.publish(*(f"{n}-{'x' * 12_000}" for n in range(100)))
    await until(lambda: reader.numbers == list(range(100)), lambda: f"{reader.end}")


async def test_a_repair_larger_than_the_buffer_reaches_who_reads(
    stage: Stage, deaf: Callable[[], None]
) -> None:
    """Two hundred publications of 20 kB that were not heard: 4 MB in one reading."""
    reader = Reader()
    await stage.hub.subscribe(Subscription(TOPIC, reader), ignore, history=KEPT)
    deaf()
    stage.publish(*(f"{n}-{'x' * 20_000}" for n in range(200)))
    await until(lambda: reader.numbers == list(range(200)), lambda: f"{reader.end}")
    assert reader.end is None
    assert max(reader.sizes) < 5 * JOINED_LIMIT_BYTES


async def test_who_comes_back_to_many_topics_at_once_is_no_slow_client(stage: Stage) -> None:
    """Each recovery fits, all together don't: without an order the client would never come back."""
    topics = [f"room:{number}" for number in range(8)]
    since = {}
    for topic in topics:
        since[topic] = Position(0, stage.publish("x" * 45_000, "x" * 45_000, topic=topic).epoch)
    reader = Reader(buffer_bytes=262_144, reads=False)
    answered: list[str] = []

    async def come_back(topic: str) -> None:
        def answer(attached: Attached) -> None:
            assert attached.recovered is not None
            size = attached.recovered.size
            assert reader.buffer.write(Lines("x" * size, size))
            answered.append(topic)

        subscription = Subscription(topic, reader)
        await stage.hub.subscribe(subscription, answer, history=KEPT, since=since[topic])

    tasks = [asyncio.create_task(come_back(topic)) for topic in topics]
    await until(lambda: len(answered) == 2, lambda: f"{answered}")
    while len(answered) < len(topics):
        before = len(answered)
        await reader.buffer.take()
        await until(lambda before=before: len(answered) > before or len(answered) == len(topics))
    await asyncio.gather(*tasks)
    assert reader.buffer.end is None
