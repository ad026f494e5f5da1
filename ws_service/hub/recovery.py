"""What somebody who comes back gets: everything after a position, or the news that it is gone."""

import asyncio
from dataclasses import dataclass
from typing import Final

from ws_service.broker.position import Position
from ws_service.broker.streams import Streams
from ws_service.cancellation import is_ending
from ws_service.errors import BrokerUnavailable
from ws_service.hub.synchronise import Synchroniser
from ws_service.hub.tail import Encoded
from ws_service.hub.topic import HubTopic
from ws_service.metrics import count

RECOVERY_LIMIT: Final = 300
"""Publications of one recovery."""

_ROUNDS: Final = 4


@dataclass(frozen=True, slots=True)
class Recovered:
    """Everything between a position and where the topic stands; never a part of it."""

    publications: list[Encoded]

    @property
    def size(self) -> int:
        """Its bytes, nearly."""
        return sum(len(each.json) for each in self.publications)


class Recovery:
    """Serves from the topic's tail; reads the store once for all who wait."""

    def __init__(self, streams: Streams, synchroniser: Synchroniser) -> None:
        self._streams = streams
        self._synchroniser = synchroniser
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """End all readings."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def since(self, topic: HubTopic, position: Position) -> Recovered | None:
        """What was published after a position, None if some of it is gone or it is too much.

        When it returns, the topic stands right behind the last publication, until the next await.
        Raises BrokerUnavailable.
        """
        has_looked = False
        read_back_at: int | None = None
        for _ in range(_ROUNDS):
            if not topic.lineage.covers(position):
                # The client may know more than this process: it comes from another one.
                if has_looked:
                    break
                has_looked = True
                await self._synchroniser.look(topic)
            elif (found := topic.tail.after(position.offset)) is not None:
                count("ws_service_recoveries_total")
                return Recovered(found)
            elif read_back_at == topic.generation:
                break
            else:
                read_back_at = topic.generation
                await self._read_back(topic)
        count("ws_service_recoveries_failed_total")
        return None

    async def _read_back(self, topic: HubTopic) -> None:
        if topic.backfill is None:
            task = asyncio.create_task(self._fill(topic), name="read back")
            self._tasks.add(task)
            task.add_done_callback(self._done)
            topic.backfill = task
        try:
            await asyncio.shield(topic.backfill)
        except asyncio.CancelledError:
            if is_ending():
                raise
            raise BrokerUnavailable("the stream could not be read") from None

    async def _fill(self, topic: HubTopic) -> None:
        try:
            first = max(0, topic.position.offset - RECOVERY_LIMIT)
            part = await self._streams.read(topic.name, first, RECOVERY_LIMIT)
            if part.lineage.top.epoch == topic.position.epoch:
                older = [p for p in part.publications if p.offset <= topic.tail.end]
                topic.tail.prepend([Encoded.of(p.offset, p.payload, p.extra) for p in older])
            else:
                await self._synchroniser.look(topic)
        finally:
            topic.backfill = None

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # those who wait for it may have gone
