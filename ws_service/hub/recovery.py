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
from ws_service.hub.tail import Encoded, Reading
from ws_service.hub.topic import HubTopic
from ws_service.metrics import count

RECOVERY_LIMIT: Final = 300
"""Publications of one recovery."""

_ROUNDS: Final = 6
"""Readings of a topic that is another one each time; whoever waits is then told to try again."""


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
    """Serves from the topic's tail; reads the store once for all who wait.

    A gap is announced only where it is proved: by where the store stands, read after the client
    came, or by a reading of this generation that begins behind the position. Whatever else keeps
    a recovery from its end is BrokerUnavailable, and the client tries again.
    """

    def __init__(self, streams: Streams, synchroniser: Synchroniser) -> None:
        self._streams = streams
        self._synchroniser = synchroniser
        self._tasks: set[asyncio.Task[Reading | None]] = set()

    async def close(self) -> None:
        """End all readings."""
        await end(self._tasks)

    async def since(self, topic: HubTopic, position: Position) -> Recovered | None:
        """What was published after a position, None if some of it is gone or it is too much.

        When it returns, the topic stands right behind the last publication, until the next await.
        Raises BrokerUnavailable.
        """
        find = self._latest if topic.is_cache else self._everything
        found = await find(topic, position)
        has_gap = found is None
        count("ws_service_recoveries_failed_total" if has_gap else "ws_service_recoveries_total")
        return None if found is None else Recovered(found)

    async def _latest(self, topic: HubTopic, position: Position) -> list[Encoded] | None:
        """None if nothing is kept and the position isn't where the topic stands."""
        if not topic.lineage.covers(position):
            # The client may know more than this process: it must not get what is older.
            await self._synchroniser.look(topic)
        for _ in range(_ROUNDS):
            top = topic.position
            if top.offset == 0 or position == top:
                return _nothing_if_current(topic, position)
            if (found := topic.since(top.offset - 1)) is not None:
                return found
            reading = await self._read_back(topic)
            if reading is None or reading.generation != topic.generation:
                continue
            if topic.position == top and reading.start >= top.offset:
                return _nothing_if_current(topic, position)
            if reading.end >= topic.position.offset > reading.start:
                return topic.tail.behind(reading, topic.position.offset - 1)
        raise _too_fast(topic)

    async def _everything(self, topic: HubTopic, position: Position) -> list[Encoded] | None:
        has_looked = False
        for _ in range(_ROUNDS):
            if not topic.lineage.covers(position):
                if has_looked:
                    return None
                # The client may know more than this process: it comes from another one.
                has_looked = True
                await self._synchroniser.look(topic)
                continue
            if (found := topic.since(position.offset)) is not None:
                return found
            reading = await self._read_back(topic)
            if reading is None or reading.generation != topic.generation:
                continue
            if position.offset < reading.start:
                return None
            if (found := topic.tail.after(position.offset)) is not None:
                return found
            if reading.end >= topic.tail.start:
                # There was no room for it in the tail, or others took it meanwhile.
                return topic.tail.behind(reading, position.offset)
        raise _too_fast(topic)

    async def _read_back(self, topic: HubTopic) -> Reading | None:
        """None if the topic is another one by now."""
        if topic.backfill is None:
            task = asyncio.create_task(self._fill(topic), name="read back")
            self._tasks.add(task)
            task.add_done_callback(self._done)
            topic.backfill = task
        try:
            return await asyncio.shield(topic.backfill)
        except asyncio.CancelledError:
            if is_ending():
                raise
            raise BrokerUnavailable("the stream could not be read") from None

    async def _fill(self, topic: HubTopic) -> Reading | None:
        generation, began_at = topic.generation, topic.position
        began_s = asyncio.get_running_loop().time()
        limit = 1 if topic.is_cache else RECOVERY_LIMIT
        first = max(0, began_at.offset - limit)
        try:
            part = await self._streams.read(topic.name, first, limit)
        finally:
            if topic.backfill is asyncio.current_task():
                topic.backfill = None
        if topic.generation != generation:
            return None
        top = part.lineage.top
        if top.epoch != began_at.epoch or top.offset < began_at.offset:
            # It comes from a store that has lost writes. Nobody knows what its numbers mean.
            await self._synchroniser.look(topic)
            return None
        if topic.is_cache and top.offset > topic.position.offset:
            # What this process takes for the latest is gone, and the latest not yet here.
            await self._synchroniser.look(topic)
            return None
        publications = [Encoded.of(p.offset, p.payload, p.extra) for p in part.publications]
        start = publications[0].offset - 1 if publications else top.offset
        reading = Reading(
            generation, start, [p for p in publications if p.offset <= topic.tail.end]
        )
        topic.keep_until(began_s + part.kept_for_s)
        topic.tail.prepend(reading)
        return reading

    def _done(self, task: asyncio.Task[Reading | None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # those who wait for it may have gone


def _nothing_if_current(topic: HubTopic, position: Position) -> list[Encoded] | None:
    is_current = topic.lineage.covers(position) and position.offset == topic.position.offset
    return [] if is_current else None


def _too_fast(topic: HubTopic) -> BrokerUnavailable:
    return BrokerUnavailable(f"{topic.name!r} changes faster than it can be read")
