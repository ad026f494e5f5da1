"""Much at once: nobody who reads is taken for somebody who doesn't."""

import asyncio
import json
from collections.abc import Callable

from tests.hub.conftest import TOPIC, Stage
from tests.waiting import until
from ws_service.hub.send_buffer import SendBuffer
from ws_service.hub.subscription import Subscription
from ws_service.hub.topic import JOINED_LIMIT_BYTES
from ws_service.protocol.codes import Disconnect
from ws_service.protocol.lines import Lines

BUFFER_BYTES = 1_048_576


class Reader:
    """A connection whose client reads as fast as it can."""

    def __init__(self) -> None:
        self.buffer = SendBuffer(BUFFER_BYTES)
        self.sizes: list[int] = []
        self.numbers: list[int] = []
        self.end: Disconnect | None = None
        self._task = asyncio.create_task(self._read())

    def deliver(self, lines: Lines) -> None:
        self.buffer.write(lines)

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
    await stage.hub.subscribe(Subscription(TOPIC, reader), has_history=True, since=None)
    stage.publish(*(f"{n}-{'x' * 12_000}" for n in range(100)))
    await until(lambda: reader.numbers == list(range(100)), lambda: f"{reader.end}")


async def test_a_repair_larger_than_the_buffer_reaches_who_reads(
    stage: Stage, deaf: Callable[[], None]
) -> None:
    """Two hundred publications of 20 kB that were not heard: 4 MB in one reading."""
    reader = Reader()
    await stage.hub.subscribe(Subscription(TOPIC, reader), has_history=True, since=None)
    deaf()
    stage.publish(*(f"{n}-{'x' * 20_000}" for n in range(200)))
    await until(lambda: reader.numbers == list(range(200)), lambda: f"{reader.end}")
    assert reader.end is None
    assert max(reader.sizes) < 5 * JOINED_LIMIT_BYTES
