"""Keeps alive in Redis what is held here: metadata expire when nobody uses a topic."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from ws_service.broker.streams import Streams
from ws_service.cancellation import is_ending, pause
from ws_service.errors import BrokerUnavailable
from ws_service.hub.synchronise import Synchroniser
from ws_service.hub.topic import HubTopic

logger = logging.getLogger(__name__)

INTERVAL_S: Final = 6 * 3600.0
"""A quarter of the shortest life, a day for a topic without a publication."""

TOPICS_A_SECOND: Final = 200
RETRY_S: Final = 60.0


class Renewal:
    """Reads every topic that is held, now and then and a few at a time.

    A page that stays open for days on a topic where nothing happens must not be told of a gap by
    its first publication.
    """

    def __init__(
        self, streams: Streams, topics: Mapping[str, HubTopic], synchroniser: Synchroniser
    ) -> None:
        self._streams = streams
        self._topics = topics
        self._synchroniser = synchroniser

    async def run(self) -> None:
        """Renew for ever."""
        while True:
            await pause(INTERVAL_S)
            names = [topic.name for topic in self._topics.values() if topic.has_history]
            for number, name in enumerate(names, start=1):
                await self._renew(name)
                if number % TOPICS_A_SECOND == 0:
                    await pause(1.0)

    async def _renew(self, name: str) -> None:
        while (topic := self._topics.get(name)) is not None:
            try:
                standing = await self._streams.standing(name)  # which sets its life anew
            except BrokerUnavailable as error:
                logger.debug("Metadata can't be renewed: %s", error)
                await pause(RETRY_S)
                continue
            except (Exception, asyncio.CancelledError):  # nothing may let everything expire
                if is_ending():
                    raise
                logger.exception("Metadata of %r can't be renewed", name)
                return
            if standing.top.epoch != topic.position.epoch and not topic.is_held:
                self._synchroniser.start(topic)
            return
