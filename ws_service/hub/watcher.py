"""Asks the change index for doorbells that were lost. The cost doesn't depend on idle topics."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from ws_service.broker.position import Position
from ws_service.broker.scripts import Changes
from ws_service.broker.streams import Streams
from ws_service.cancellation import is_ending, pause, pause_until
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
    """Compares what this process holds with the store.

    What was to be compared counts as compared only afterwards: whatever interrupts a round, the
    next one does it again.
    """

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
        """Of each partition the number of the last change, and the index's identity."""
        self._must_check_all = True
        self._wake = asyncio.Event()
        self._is_deaf = False

    def check_all_soon(self) -> None:
        """Doorbells were not heard for a time: compare every position."""
        self._must_check_all = True
        self._wake.set()

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            await pause_until(self._wake, INTERVAL_S)
            try:
                await self._round()
            except BrokerUnavailable as error:
                if not self._is_deaf:
                    logger.warning("The change index can't be read: %s", error)
                self._is_deaf = True
                await pause(INTERVAL_S / 2)  # a Redis that refuses at once is not asked at once
            except (Exception, asyncio.CancelledError):  # nothing but the end may end the watch
                if is_ending():
                    raise
                logger.exception("The change watcher failed")
            else:
                self._is_deaf = False

    async def _round(self) -> None:
        for partition in range(self._streams.partitions):
            await self._watch(partition)
        while self._must_check_all:
            await self._check_all()
        for topic in list(self._synchroniser.doubtful):
            await self._again(topic)

    async def _watch(self, partition: int) -> None:
        after, identity = self._seen.get(partition, (0, ""))
        changes = await self._streams.changes(partition, after, CHANGES_AT_ONCE)
        if changes.identity != identity or not changes.forgotten <= after <= changes.last:
            self._must_check_all = True
            self._seen[partition] = (changes.last, changes.identity)
            return
        while changes.topics:
            await self._check(changes)
            after = changes.topics[-1].number
            self._seen[partition] = (after, identity)
            if len(changes.topics) < CHANGES_AT_ONCE:
                break
            changes = await self._streams.changes(partition, after, CHANGES_AT_ONCE)

    async def _check_all(self) -> None:
        self._must_check_all = False
        try:
            held = [topic.name for topic in self._topics.values() if topic.has_history]
            for names in in_chunks(held, POSITIONS_AT_ONCE):
                known = (self._topics.get(name) for name in names)
                before = {topic.name: topic.position for topic in known if topic is not None}
                stored = await self._streams.positions(list(before))
                for (name, earlier), now in zip(before.items(), stored, strict=True):
                    self._compare(name, earlier, now)
        except BaseException:
            self._must_check_all = True
            raise

    def _compare(self, name: str, earlier: Position, stored: Position) -> None:
        """earlier: where the topic stood before the store was asked."""
        topic = self._topics.get(name)
        if topic is None:
            return
        position = topic.position
        has_lost = stored.offset < earlier.offset
        if stored.epoch != position.epoch or stored.offset > position.offset or has_lost:
            self._synchroniser.request(topic)

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
            self._synchroniser.doubtful.pop(topic, None)
