"""What somebody who comes back gets: everything after a position, or the news that it is gone.

Of a topic in cache mode: the latest publication (protocol reference 5.9).
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from ws_service.broker.position import Position
from ws_service.broker.streams import Streams
from ws_service.cancellation import end, is_ending
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
    """Everything between a position and where the topic stands; never a part of it. Of a topic in
    cache mode its latest publication, nothing for who has it.
    """

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
        await end(self._tasks)

    async def since(self, topic: HubTopic, position: Position) -> Recovered | None:
        """What was published after a position, None if some of it is gone or it is too much.

        When it returns, the topic stands right behind the last publication, until the next await.
        Raises BrokerUnavailable.
        """
        find = self._latest if topic.is_cache else self._everything
        recovered = await find(topic, position)
        has_gap = recovered is None
        count("ws_service_recoveries_failed_total" if has_gap else "ws_service_recoveries_total")
        return recovered

    async def _latest(self, topic: HubTopic, position: Position) -> Recovered | None:
        """None if nothing is kept and the position isn't where the topic stands."""
        if not topic.lineage.covers(position):
            # The client may know more than this process: it must not get what is older.
            await self._synchroniser.look(topic)
        read_back_at: int | None = None
        for _ in range(_ROUNDS):
            top = topic.position
            if top.offset == 0 or position == top:
                break
            if (found := topic.tail.after(top.offset - 1)) is not None:
                return Recovered(found)
            if read_back_at == topic.generation:
                break
            read_back_at = topic.generation
            await self._read_back(topic)
        is_current = topic.lineage.covers(position) and position.offset == topic.position.offset
        return Recovered([]) if is_current else None

    async def _everything(self, topic: HubTopic, position: Position) -> Recovered | None:
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
                return Recovered(found)
            elif read_back_at == topic.generation:
                break
            else:
                read_back_at = topic.generation
                await self._read_back(topic)
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
            limit = 1 if topic.is_cache else RECOVERY_LIMIT
            first = max(0, topic.position.offset - limit)
            part = await self._streams.read(topic.name, first, limit)
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
