"""Asks the change index for doorbells that were lost. The cost doesn't depend on idle topics."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from ws_service.broker.position import Position
from ws_service.broker.scripts import Changes
from ws_service.broker.streams import Streams
from ws_service.cancellation import is_ending
from ws_service.chunks import in_chunks
from ws_service.errors import BrokerUnavailable
from ws_service.hub.synchronise import Synchroniser
from ws_service.hub.topic import HubTopic
from ws_service.metrics import count

logger = logging.getLogger(__name__)

INTERVAL_S: Final = 1.0
GRACE_S: Final = 0.1
"""For doorbells that are still on their way when the index names their topic."""

CHANGES_AT_ONCE: Final = 1_000
POSITIONS_AT_ONCE: Final = 200


class Watcher:
    """Compares what this process holds with the store."""

    def __init__(
        self,
        streams: Streams,
        topics: Mapping[str, HubTopic],
        synchroniser: Synchroniser,
    ) -> None:
        self._streams = streams
        self._topics = topics
        self._synchroniser = synchroniser
        self._seen: dict[int, tuple[int, str]] = {}
        self._is_deaf = False

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            try:
                for partition in range(self._streams.partitions):
                    await self._watch(partition)
                for topic in list(self._synchroniser.doubtful):
                    await self._again(topic)
            except BrokerUnavailable as error:
                if not self._is_deaf:
                    logger.warning("The change index can't be read: %s", error)
                self._is_deaf = True
            except (Exception, asyncio.CancelledError):  # nothing but the end may end the watch
                if is_ending():
                    raise
                logger.exception("The change watcher failed")
            else:
                self._is_deaf = False

    async def check_all(self) -> None:
        """Compare every position, after a time in which doorbells were not heard."""
        try:
            held = [topic.name for topic in self._topics.values() if topic.has_history]
            for names in in_chunks(held, POSITIONS_AT_ONCE):
                known = (self._topics.get(name) for name in names)
                before = {topic.name: topic.position for topic in known if topic is not None}
                stored = await self._streams.positions(list(before))
                for (name, earlier), now in zip(before.items(), stored, strict=True):
                    self._compare(name, earlier, now)
        except BrokerUnavailable:
            # The next round of the watch, when Redis is back, begins here again.
            self._seen.clear()

    def _compare(self, name: str, earlier: Position, stored: Position) -> None:
        """earlier: where the topic stood before the store was asked."""
        topic = self._topics.get(name)
        if topic is None:
            return
        position = topic.position
        has_lost = stored.offset < earlier.offset
        if stored.epoch != position.epoch or stored.offset > position.offset or has_lost:
            self._synchroniser.request(topic)

    async def _watch(self, partition: int) -> None:
        after, server = self._seen.get(partition, (-1, ""))
        is_first = after < 0
        changes = await self._streams.changes(partition, max(after, 0), CHANGES_AT_ONCE)
        if is_first or changes.server != server or not changes.forgotten <= after <= changes.last:
            self._seen[partition] = (changes.last, changes.server)
            await self.check_all()
            return
        while changes.topics:
            await self._check(changes)
            after = changes.topics[-1].number
            self._seen[partition] = (after, server)
            if len(changes.topics) < CHANGES_AT_ONCE:
                break
            changes = await self._streams.changes(partition, after, CHANGES_AT_ONCE)

    async def _check(self, changes: Changes) -> None:
        behind = [each for each in changes.topics if self._is_behind(each.topic, each.position)]
        if not behind:
            return
        await asyncio.sleep(GRACE_S)
        for change in behind:
            if self._is_behind(change.topic, change.position):
                count("ws_service_lost_doorbells_total")
                self._synchroniser.request(self._topics[change.topic])

    def _is_behind(self, name: str, stored: Position) -> bool:
        topic = self._topics.get(name)
        if topic is None or not topic.has_history:
            return False
        return stored.epoch != topic.position.epoch or stored.offset > topic.position.offset

    async def _again(self, topic: HubTopic) -> None:
        if self._topics.get(topic.name) is topic:
            await self._synchroniser.look(topic)
        else:
            self._synchroniser.doubtful.discard(topic)
