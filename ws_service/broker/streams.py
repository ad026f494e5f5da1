"""Reads streams and the change index, for the hub."""

from collections.abc import Sequence

from ws_service.broker.connection import AsyncBroker
from ws_service.broker.keys import Keys
from ws_service.broker.position import Position
from ws_service.broker.scripts import (
    Changes,
    StreamPart,
    changes_answer,
    changes_call,
    read_answer,
    read_call,
)


class Streams:
    """Every method raises BrokerUnavailable when Redis does not answer in time."""

    def __init__(self, broker: AsyncBroker, keys: Keys) -> None:
        self._broker = broker
        self._keys = keys

    @property
    def partitions(self) -> int:
        return self._keys.partitions

    async def read(
        self, topic: str, after: int, limit: int, *, reverse: bool = False
    ) -> StreamPart:
        """Where a topic stands, and at most ``limit`` publications after an offset."""
        call = read_call(self._keys, topic, after, limit, reverse=reverse)
        return read_answer(await self._broker.run(call))

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
        await self._broker.close()
