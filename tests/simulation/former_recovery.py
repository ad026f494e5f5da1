"""How a recovery once went: one reading, and whatever is not in the tail then is a gap."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from ws_service.broker.position import Position
from ws_service.hub.recovery import RECOVERY_LIMIT, Recovery
from ws_service.hub.subscription import Subscription
from ws_service.hub.tail import Encoded, Reading
from ws_service.hub.topic import HubTopic

_rebase, _fill = HubTopic.rebase, Recovery._fill


@contextmanager
def former_recovery(*, has_own_reading: bool, looks_at_top: bool) -> Iterator[None]:
    """Of topics in stream mode.

    has_own_reading: whether a topic that was rebased is read anew.
    looks_at_top: whether a reading counts only if the store is as far as the topic was.
    """

    async def fill(recovery: Recovery, topic: HubTopic) -> Reading | None:
        if topic.is_cache:
            return await _fill(recovery, topic)
        task = asyncio.current_task()
        try:
            await _read(recovery, topic, looks_at_top)
        finally:
            if topic.backfill is task or not has_own_reading:
                topic.backfill = None
        return None

    with (
        patch.object(HubTopic, "rebase", _rebase if has_own_reading else _keep_reading),
        patch.object(Recovery, "_everything", _everything),
        patch.object(Recovery, "_fill", fill),
    ):
        yield


def _keep_reading(topic: HubTopic, lineage: Any) -> list[Subscription]:
    reading = topic.backfill
    stranded = _rebase(topic, lineage)
    topic.backfill = reading
    return stranded


async def _everything(
    recovery: Recovery, topic: HubTopic, position: Position
) -> list[Encoded] | None:
    has_looked = False
    read_back_at: int | None = None
    for _ in range(4):
        if not topic.lineage.covers(position):
            if has_looked:
                break
            has_looked = True
            await recovery._synchroniser.look(topic)
        elif (found := topic.since(position.offset)) is not None:
            return found
        elif read_back_at == topic.generation:
            break
        else:
            read_back_at = topic.generation
            await recovery._read_back(topic)
    return None


async def _read(recovery: Recovery, topic: HubTopic, looks_at_top: bool) -> None:
    began_at, began_s = topic.position, asyncio.get_running_loop().time()
    first = max(0, began_at.offset - RECOVERY_LIMIT)
    part = await recovery._streams.read(topic.name, first, RECOVERY_LIMIT)
    top = part.lineage.top
    if top.epoch != topic.position.epoch or (looks_at_top and top.offset < began_at.offset):
        await recovery._synchroniser.look(topic)
        return
    older = [p for p in part.publications if p.offset <= topic.tail.end]
    encoded = [Encoded.of(p.offset, p.payload, p.extra) for p in older]
    start = encoded[0].offset - 1 if encoded else top.offset
    topic.keep_until(began_s + part.kept_for_s)
    topic.tail.prepend(Reading(topic.generation, start, encoded))
