"""A fail-over behind one address, seen by those who are subscribed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.fail_over import Pair, pair
from tests.hub.conftest import Stage
from tests.waiting import until
from ws_service.broker.connection import BlockingBroker
from ws_service.broker.keys import Keys
from ws_service.broker.position import Position
from ws_service.hub.hub import Hub


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[Pair]:
    with pair(tmp_path) as servers:
        yield servers


@pytest.fixture
async def moving_stage(servers: Pair, keys: Keys) -> AsyncIterator[Stage]:
    broker = BlockingBroker(servers.url, 2)
    hub = Hub(servers.url, keys, recovery_limit_bytes=100_000, lease_s=2)
    hub.start()
    yield Stage(hub, keys, broker)
    await hub.close()
    broker.close()


@pytest.mark.promise("fail-over")
async def test_subscribers_get_what_is_published_at_the_new_master(
    servers: Pair, moving_stage: Stage
) -> None:
    """The old master is well: it answers who reads, and pings; no connection to it ever fails.

    The new one is another server, which may have lost something: those who stood at the old one are
    told so, come back, and get what they missed.
    """
    stage = moving_stage
    listener, _, attached = await stage.subscribe()
    stage.publish(1)
    await stage.hears(listener, [1])
    await asyncio.to_thread(servers.demote)
    await asyncio.to_thread(servers.move)
    await asyncio.to_thread(servers.part)
    stage.publish(2)
    await until(lambda: bool(listener.lost), lambda: f"{listener.numbers}")
    back, _, again = await stage.subscribe(since=Position(1, attached.position.epoch))
    assert again.recovered is not None
    assert [each.offset for each in again.recovered.publications] == [2]
    stage.publish(3)
    await stage.hears(back, [3])


@pytest.mark.promise("fail-over")
async def test_doorbells_are_heard_at_the_new_master(servers: Pair, moving_stage: Stage) -> None:
    """At the old one nobody rings any more."""
    stage = moving_stage
    listener, _, _ = await stage.subscribe(topic="cursor", history=None)
    stage.publish(1, topic="cursor", size=0)
    await stage.hears(listener, [1])
    await asyncio.to_thread(servers.demote)
    await asyncio.to_thread(servers.move)
    await asyncio.to_thread(servers.part)

    def listening() -> Any:
        bell = stage.keys.doorbell("cursor")
        return [
            dict(each.pubsub_numsub(bell))[bell.encode()] for each in (servers.old, servers.new)
        ]

    await until(lambda: listening() == [0, 1], lambda: f"{listening()}")
    stage.publish(2, topic="cursor", size=0)
    await stage.hears(listener, [1, 2])
