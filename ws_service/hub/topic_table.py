"""Keeps the service's topics in Redis, where publishers without its code read them."""

import asyncio
import logging
from typing import Final

from ws_service.broker.connection import AsyncBroker
from ws_service.broker.keys import Keys
from ws_service.broker.topic_table import write_table_call
from ws_service.cancellation import is_ending, pause
from ws_service.errors import BrokerUnavailable

logger = logging.getLogger(__name__)

RETRY_S: Final = 2.0
CHECK_S: Final = 30.0


class TopicTableKeeper:
    """Writes once, and again whenever nothing is there: a Redis may be emptied.

    What another process has written since is left alone: while a new release rolls out, the
    processes of the old one would otherwise write theirs over it, and over again.

    table: what ``compiled()`` made.
    """

    def __init__(self, broker: AsyncBroker, keys: Keys, table: bytes) -> None:
        self._broker = broker
        self._keys = keys
        self._table = table
        self._is_written = False

    async def run(self) -> None:
        """Keep it for ever; while Redis is away, try again."""
        while True:
            try:
                await self.write()
                pause_s = CHECK_S
            except BrokerUnavailable as error:
                if not self._is_written:
                    logger.warning("The topics can't be written for publishers yet: %s", error)
                pause_s = RETRY_S
            except (Exception, asyncio.CancelledError):  # nothing but the end may end it
                if is_ending():
                    raise
                logger.exception("The topics can't be written for publishers")
                pause_s = CHECK_S
            await pause(pause_s)

    async def write(self) -> None:
        """Raises BrokerUnavailable."""
        call = write_table_call(self._keys, self._table, only_if_missing=self._is_written)
        await self._broker.run(call)
        self._is_written = True
