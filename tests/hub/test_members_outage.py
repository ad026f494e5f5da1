"""Who is subscribed, after a Redis that was away, or forgot."""

import asyncio
import os
import signal
from collections.abc import Callable

import pytest
import redis

from devkit.redis_server import RedisServer
from tests.faults import redis_restart
from tests.hub.processes import (
    LEASE_S,
    TOPIC,
    Start,
    come,
    hears,
    info,
    settled,
    shows,
    stay_silent,
    watch,
)
from tests.waiting import until
from ws_service.errors import BrokerUnavailable

Restart = Callable[[RedisServer], None]


def stale(server: RedisServer) -> None:
    redis_restart.stale(server, lambda: None)


@pytest.mark.promise("presence")
@pytest.mark.parametrize("restart", [redis_restart.whole, stale, redis_restart.empty])
async def test_presence_is_right_after_a_restart_of_redis(
    start_hub_apart: Start,
    own_redis: RedisServer,
    restart: Restart,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody who stayed is told to have left, whatever the Redis remembers."""
    here, there = await start_hub_apart(), await start_hub_apart()
    watcher = await watch(here)
    await come(here, "a")
    await come(there, "b", "c")
    await asyncio.to_thread(restart, own_redis)
    there.members.leave(TOPIC, "b")
    await until(lambda: caplog.text.count("Redis is another one now") == 2)
    await settled(here, there)
    there.members.leave(TOPIC, "c")
    await shows(here, "a")
    joins = [("join", client) for client in "abc"]
    await hears(watcher, *joins, ("leave", "b"), ("leave", "c"))


@pytest.mark.promise("presence")
async def test_who_came_and_left_since_the_snapshot_is_right(
    start_hub_apart: Start, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A fail-over to a replica that lagged behind brings back who had left."""
    here, there = await start_hub_apart(), await start_hub_apart()
    watcher = await watch(here)
    await come(here, "a")
    await come(there, "ghost")
    with redis.Redis(port=own_redis.port) as client:
        client.save()
    there.members.leave(TOPIC, "ghost")
    await come(there, "new")
    await shows(here, "a", "new")
    await asyncio.to_thread(own_redis.kill)
    await asyncio.to_thread(own_redis.start)
    await until(lambda: caplog.text.count("Redis is another one now") == 2)
    await shows(here, "a", "new")
    await settled(here, there)
    assert not {("leave", "a"), ("leave", "new")} & set(watcher.heard)


@pytest.mark.promise("presence")
async def test_who_leaves_while_redis_is_away_is_gone_when_it_is_back(
    start_hub_apart: Start, own_redis: RedisServer
) -> None:
    """No ghosts of a process that lives."""
    here, there = await start_hub_apart(lease_s=30), await start_hub_apart(lease_s=30)
    await come(there, "stays", "leaves")
    with redis.Redis(port=own_redis.port) as client:
        client.save()
    await asyncio.to_thread(own_redis.kill)
    there.members.leave(TOPIC, "leaves")
    with pytest.raises(BrokerUnavailable):
        await there.members.enter(TOPIC, "never", info("never"), tells=True)
    await asyncio.to_thread(own_redis.start)
    await shows(here, "stays")
    await settled(here, there)
    await shows(here, "stays")


@pytest.mark.promise("presence")
async def test_an_outage_longer_than_the_lease_is_nobodys_death(
    start_hub_apart: Start, own_redis: RedisServer
) -> None:
    """All leases have ended then, and nobody has died: whoever is back first must not end them."""
    hubs = [await start_hub_apart() for _ in range(3)]
    watcher = await watch(hubs[0])
    for number, hub in enumerate(hubs):
        await come(hub, str(number))
    await hears(watcher, *[("join", str(number)) for number in range(3)])
    await asyncio.sleep(LEASE_S)  # all know each other well enough to judge
    os.kill(own_redis.pid, signal.SIGSTOP)
    speak = [stay_silent(hub) for hub in hubs[1:]]
    await asyncio.sleep(1.5 * LEASE_S)
    os.kill(own_redis.pid, signal.SIGCONT)
    await shows(hubs[0], "0")
    await asyncio.sleep(LEASE_S / 2)
    for speak_again in speak:
        speak_again()
    await shows(hubs[0], "0", "1", "2")
    await asyncio.sleep(LEASE_S)
    assert [heard for heard in watcher.heard if heard[0] == "leave"] == []


async def test_an_emptied_redis_is_filled_at_once(
    start_hub_apart: Start, own_redis: RedisServer
) -> None:
    """Not only when the lease is renewed the next time: until then nobody would be there."""
    hub = await start_hub_apart(lease_s=120)
    await watch(hub)
    await come(hub, "a")
    await asyncio.to_thread(redis_restart.empty, own_redis)
    await shows(hub, "a")


async def test_a_cleared_cache_that_shares_the_redis_loses_nobody(
    start_hub_apart: Start, own_redis: RedisServer
) -> None:
    """cache.clear() is FLUSHDB: presence comes back, and nobody is told that they left or came."""
    here, there = await start_hub_apart(), await start_hub_apart()
    watcher = await watch(here)
    await come(here, "a")
    await come(there, "b")
    await hears(watcher, ("join", "a"), ("join", "b"))
    with redis.Redis(port=own_redis.port) as client:
        client.flushdb()
    await shows(here, "a", "b")
    await settled(here, there)
    assert watcher.heard == [("join", "a"), ("join", "b")]
