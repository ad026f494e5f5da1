"""Brings a topic up to the store: repairs gaps, notices another epoch."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from ws_service.broker.scripts import StreamPart
from ws_service.broker.streams import Streams
from ws_service.cancellation import end, is_ending
from ws_service.errors import BrokerUnavailable
from ws_service.hub.subscription import Subscription
from ws_service.hub.topic import HubTopic
from ws_service.metrics import count

logger = logging.getLogger(__name__)

READ_AT_ONCE: Final = 300

BYTES_A_TURN: Final = 131_072
"""What is given to subscribers before they can send it on: less than their buffers hold."""


class Synchroniser:
    """One reader for each topic at a time.

    While it reads, doorbells are held: so what the store answers is never older than what was
    delivered, and an offset below it means that the store has lost writes.

    on_advanced: called when publications are on their way to a topic's subscribers.
    on_stranded: called with subscriptions whose position is no longer part of the stream.
    on_done: called at the end, to handle what was held.
    """

    def __init__(
        self,
        streams: Streams,
        on_advanced: Callable[[HubTopic], None],
        on_stranded: Callable[[Sequence[Subscription]], None],
        on_done: Callable[[HubTopic], None],
    ) -> None:
        self._streams = streams
        self._on_advanced = on_advanced
        self._on_stranded = on_stranded
        self._on_done = on_done
        self.doubtful: dict[HubTopic, None] = {}
        """Topics that could not be read: to be tried again, in this order."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def start(self, topic: HubTopic) -> asyncio.Task[None]:
        """Read the store for this topic, unless somebody does already."""
        if topic.synchronising is None:
            topic.synchronising = asyncio.create_task(self._run(topic), name="synchronise")
            self._tasks.add(topic.synchronising)
            topic.synchronising.add_done_callback(self._tasks.discard)
        return topic.synchronising

    def request(self, topic: HubTopic) -> None:
        """Read the store; once more, where somebody may have read it a moment too early."""
        if topic.is_held:
            topic.must_look = True
        else:
            self.start(topic)

    async def close(self) -> None:
        """End all readings; nothing is done with what was held."""
        self._is_closed = True
        await end(self._tasks)

    async def look(self, topic: HubTopic) -> None:
        """Read the store after now, and wait for it. Raises BrokerUnavailable."""
        if topic.synchronising is not None:
            # It may have read before the thing happened that the caller is asking about.
            await asyncio.shield(topic.synchronising)
        await asyncio.shield(self.start(topic))
        if topic in self.doubtful:
            raise BrokerUnavailable("the stream could not be read")

    async def _run(self, topic: HubTopic) -> None:
        try:
            while await self._apply(topic, await self._read(topic)):
                pass
            self.doubtful.pop(topic, None)
        except BrokerUnavailable as error:
            if topic not in self.doubtful:
                logger.debug("Topic %r could not be read: %s", topic.name, error)
            self._doubt(topic)
        except (Exception, asyncio.CancelledError):
            if is_ending():
                raise
            if topic not in self.doubtful:
                logger.exception("Topic %r could not be brought up to date", topic.name)
            self._doubt(topic)
        finally:
            topic.synchronising = None
            if not self._is_closed:
                self._on_done(topic)

    def _doubt(self, topic: HubTopic) -> None:
        """To the end: one that can never be read must not keep the others from their turn."""
        self.doubtful.pop(topic, None)
        self.doubtful[topic] = None

    async def _read(self, topic: HubTopic) -> StreamPart:
        began_s = asyncio.get_running_loop().time()
        part = await self._streams.read(topic.name, topic.position.offset, READ_AT_ONCE)
        topic.keep_until(began_s + part.kept_for_s)
        return part

    async def _apply(self, topic: HubTopic, part: StreamPart) -> bool:
        """Take over what was read; True when there is more."""
        top, publications = part.lineage.top, part.publications
        if top.epoch != topic.position.epoch or top.offset < topic.position.offset:
            count("ws_service_epoch_changes_total")
            self._rebase(topic, part)
            return False
        if top.offset == topic.position.offset:
            return False
        if not publications or self._is_gap(topic, publications[0].offset):
            count("ws_service_gaps_unrepaired_total")
            self._rebase(topic, part)
            return False
        count("ws_service_gaps_repaired_total")
        size = 0
        for publication in publications:
            topic.advance(publication.offset, publication.payload, publication.extra, is_news=False)
            size += len(publication.payload) + len(publication.extra)
            if size > BYTES_A_TURN:
                size = 0
                topic.flush()
                await asyncio.sleep(0)
        self._on_advanced(topic)
        return topic.position.offset < top.offset

    def _is_gap(self, topic: HubTopic, first: int) -> bool:
        return first != topic.position.offset + 1 and not topic.is_cache

    def _rebase(self, topic: HubTopic, part: StreamPart) -> None:
        """The new position first, then those who stood at the old one are told."""
        logger.info(
            "Topic %r continues at %s, not after %s", topic.name, part.lineage.top, topic.position
        )
        self._on_stranded(topic.rebase(part.lineage))
