"""Reads and writes streams, reads the change index, for the hub."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from ws_service.broker.connection import AsyncBroker
from ws_service.broker.keys import Keys
from ws_service.broker.position import Lineage, Position
from ws_service.broker.scripts import (
    Changes,
    StreamPart,
    changes_answer,
    changes_call,
    publish_answer,
    publish_call,
    read_answer,
    read_call,
)
from ws_service.cancellation import end
from ws_service.chunks import in_chunks
from ws_service.errors import BrokerUnavailable

logger = logging.getLogger(__name__)

STANDINGS_AT_ONCE: Final = 200


class Streams:
    """Every method raises BrokerUnavailable when Redis does not answer in time."""

    def __init__(self, broker: AsyncBroker, keys: Keys) -> None:
        self._broker = broker
        self._keys = keys
        self._asking: list[tuple[str, asyncio.Future[Lineage]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def partitions(self) -> int:
        return self._keys.partitions

    async def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        history_size: int,
        history_lifetime: timedelta,
        extra: bytes,
        idempotency_key: str | None,
    ) -> Position:
        """Append a publication; its position, offset 0 of epoch ``""`` where nothing is kept."""
        call = publish_call(
            self._keys,
            topic,
            payload,
            history_size=history_size,
            history_lifetime=history_lifetime,
            idempotency_key=idempotency_key,
            extra=extra,
        )
        return publish_answer(await self._broker.run(call))

    async def read(
        self, topic: str, after: int, limit: int, *, reverse: bool = False
    ) -> StreamPart:
        """Where a topic stands, and at most ``limit`` publications after an offset."""
        call = read_call(self._keys, topic, after, limit, reverse=reverse)
        return read_answer(await self._broker.run(call))

    async def standing(self, topic: str) -> Lineage:
        """Where a topic stands; made, if the store doesn't know it.

        Those who ask in the same turn of the event loop share a round trip: after a restart of
        the service, thousands of topics are joined at once.
        """
        answer: asyncio.Future[Lineage] = asyncio.get_running_loop().create_future()
        self._asking.append((topic, answer))
        if len(self._asking) == 1:
            asyncio.get_running_loop().call_soon(self._ask_together)
        return await answer

    def _ask_together(self) -> None:
        asking, self._asking = self._asking, []
        for together in in_chunks(asking, STANDINGS_AT_ONCE):
            task = asyncio.create_task(self._ask(together))
            self._tasks.add(task)
            task.add_done_callback(self._asked)

    def _asked(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, BrokerUnavailable):
            logger.error("Topics could not be read", exc_info=error)

    async def _ask(self, asking: Sequence[tuple[str, asyncio.Future[Lineage]]]) -> None:
        calls = [read_call(self._keys, topic, 0, 0) for topic, _ in asking]
        try:
            answers = await self._broker.run_many(calls)
            for (_, future), answer in zip(asking, answers, strict=True):
                if not future.done():
                    future.set_result(read_answer(answer).lineage)
        finally:
            # Whatever went wrong, nobody may wait for ever.
            for _, future in asking:
                if not future.done():
                    future.set_exception(BrokerUnavailable("topics could not be read"))

    async def positions(self, topics: Sequence[str]) -> list[Position]:
        """Where topics stand; one that the store doesn't know is at offset 0 of epoch ``""``."""
        names = [self._keys.metadata(topic) for topic in topics]
        rows = await self._broker.hash_fields(names, "offset", "epoch")
        return [Position(int(offset or 0), (epoch or b"").decode()) for offset, epoch in rows]

    async def changes(self, partition: int, after: int, limit: int) -> Changes:
        """Which topics changed after a change number."""
        return changes_answer(
            await self._broker.run(changes_call(self._keys, partition, after, limit))
        )

    async def close(self) -> None:
        """Let go of Redis; whoever still waits for an answer is cancelled."""
        await end(self._tasks)
        await self._broker.close()
