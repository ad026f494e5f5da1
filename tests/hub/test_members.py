"""Who is subscribed: in every process, and told once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import redis

from devkit.redis_server import RedisServer
from tests.hub.processes import (
    KEPT,
    TOPIC,
    Start,
    come,
    die,
    hears,
    info,
    shows,
    stay_silent,
    tasks,
    watch,
)
from tests.waiting import until
from ws_service.broker.connection import BlockingBroker
from ws_service.broker.doorbell import PAYLOAD_LIMIT_BYTES
from ws_service.broker.keys import Keys
from ws_service.broker.scripts import StreamPart, publish_call
from ws_service.broker.streams import Streams
from ws_service.errors import BrokerUnavailable


@pytest.mark.promise("presence")
async def test_who_is_in_is_seen_in_every_process(start_hub: Start) -> None:
    """A page asks its own process and means all of them."""
    here, there = await start_hub(), await start_hub()
    await here.members.enter(TOPIC, "a", info("a", "1"), tells=False)
    await there.members.enter(TOPIC, "b", info("b", "2"), tells=False)
    await there.members.enter(TOPIC, "c", info("c", "2"), tells=False)
    everybody = {"a": info("a"), "b": info("b", "2"), "c": info("c", "2")}
    assert await here.members.present(TOPIC) == everybody
    assert await there.members.stats(TOPIC) == (3, 2)
    assert await here.members.present("chat:8") == {}
    there.members.leave(TOPIC, "b")
    await shows(here, "a", "c")


async def test_who_comes_and_goes_is_told_once(start_hub: Start) -> None:
    """A list of names on a page is right without asking again."""
    here, there = await start_hub(), await start_hub()
    watcher, deaf = await watch(here), await watch(here, hears_members=False)
    await come(there, "a", "b")
    await come(there, "quiet", tells=False)
    there.members.leave(TOPIC, "a")
    there.members.leave(TOPIC, "quiet")
    await shows(here, "b")
    await hears(watcher, ("join", "a"), ("join", "b"), ("leave", "a"))
    assert deaf.heard == []


async def test_events_stand_where_they_happened_among_publications(
    start_hub: Start, raw: redis.Redis, keys: Keys
) -> None:
    """A message of somebody who then leaves is not one of somebody who has left."""
    hub = await start_hub()
    watcher, deaf = await watch(hub), await watch(hub, hears_members=False)
    for number in range(50):
        hub.ring(TOPIC, b'1 0 - "%d"' % number)
        hub.ring(TOPIC, b"j " + info(str(number)))
        hub.ring(TOPIC, b"l " + info(str(number)))
    expected = [(kind, str(n)) for n in range(50) for kind in ("pub", "join", "leave")]
    await until(lambda: len(watcher.heard) == len(expected))
    assert watcher.heard == expected
    assert deaf.heard == [("pub", str(n)) for n in range(50)]


async def test_events_wait_while_the_store_is_read(
    start_hub: Start, keys: Keys, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was published before somebody came is shown before, also when it has to be fetched."""
    hub = await start_hub()
    watcher = await watch(hub, history=KEPT)
    may_read, read = asyncio.Event(), Streams.read

    async def slowly(*args: Any, **kwargs: Any) -> StreamPart:
        await may_read.wait()
        return await read(*args, **kwargs)

    monkeypatch.setattr(Streams, "read", slowly)
    publish = publish_call(
        keys,
        TOPIC,
        b'"%b"' % (b"x" * PAYLOAD_LIMIT_BYTES),  # too large for a doorbell
        history_size=10,
        history_lifetime=timedelta(minutes=1),
        idempotency_key=None,
    )
    broker = BlockingBroker(redis_server.url, 2)
    broker.run(publish)
    broker.close()
    await come(hub, "a")
    await come(hub, "b", topic="chat:8")
    assert watcher.heard == []
    may_read.set()
    await until(lambda: [kind for kind, _ in watcher.heard] == ["pub", "join"])


async def test_a_connection_that_ends_at_once_is_never_seen(
    start_hub: Start, raw: redis.Redis, keys: Keys
) -> None:
    """Its subscription may be cancelled while Redis is being told."""
    hub = await start_hub()
    watcher = await watch(hub)
    entering = asyncio.create_task(hub.members.enter(TOPIC, "a", info("a"), tells=True))
    await asyncio.sleep(0)
    entering.cancel()
    await asyncio.gather(entering, return_exceptions=True)
    await come(hub, "b")
    await shows(hub, "b")
    await hears(watcher, ("join", "b"))


async def test_who_subscribes_again_is_told_as_gone_and_come(start_hub: Start) -> None:
    """A page that leaves a room and comes back in the same moment."""
    hub = await start_hub()
    watcher = await watch(hub)
    await come(hub, "a")
    hub.members.leave(TOPIC, "a")
    await come(hub, "a")
    await hears(watcher, ("join", "a"), ("leave", "a"), ("join", "a"))
    await shows(hub, "a")


@pytest.mark.promise("presence")
async def test_a_killed_process_is_gone_within_its_lease_and_told_once(start_hub: Start) -> None:
    """Its clients can't say goodbye."""
    hubs = [await start_hub(), await start_hub(), await start_hub()]
    killed = await start_hub()
    watcher = await watch(hubs[0])
    await come(hubs[0], "stays")
    await come(killed, "a", "b", "c")
    await come(killed, "quiet", tells=False)
    await come(killed, "elsewhere", topic="chat:8")
    die(killed)
    await shows(hubs[0], "stays")
    gone = [("leave", client) for client in "abc"]
    await hears(watcher, ("join", "stays"), *[("join", client) for client in "abc"], *gone)
    await shows(hubs[1], topic="chat:8")


async def test_nothing_is_left_of_a_dead_process(
    start_hub: Start, raw: redis.Redis, keys: Keys
) -> None:
    """Redis does not fill up with what processes once were."""
    hub, killed = await start_hub(), await start_hub()
    await come(killed, *"abc")
    await come(killed, "d", topic="chat:8")
    incarnation = killed._lease.incarnation
    assert incarnation
    die(killed)
    await until(
        lambda: not raw.exists(keys.held(0, incarnation), keys.presence(TOPIC), keys.dead(0))
    )
    assert raw.zrange(keys.leases(0), 0, -1) == [(hub._lease.incarnation or "").encode()]
    assert raw.hlen(keys.nodes(0)) == 1


async def test_a_process_that_ends_gives_everything_back(
    start_hub: Start, raw: redis.Redis, keys: Keys
) -> None:
    """On a deployment nobody seems to be there who isn't, not for one second."""
    hub, ends = await start_hub(), await start_hub(lease_s=60)
    watcher = await watch(hub)
    await come(ends, "a", "b")
    await ends.close()
    assert await hub.members.present(TOPIC) == {}
    await hears(watcher, *[(kind, client) for kind in ("join", "leave") for client in "ab"])
    assert raw.zcard(keys.leases(0)) == 1
    assert not raw.exists(keys.dead(0))
    with pytest.raises(BrokerUnavailable):
        await ends.members.enter(TOPIC, "late", info("late"), tells=False)


async def test_what_is_not_given_back_in_time_is_removed_by_others(
    start_hub: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process whose time is over ends; its lease of a minute must not keep its clients."""
    monkeypatch.setattr("ws_service.hub.members.CLOSE_LIMIT_S", 0.05)
    hub, ends = await start_hub(), await start_hub(lease_s=60)
    watcher = await watch(hub)
    await come(ends, "a")
    for task in tasks(ends, "members"):
        task.cancel()
    await ends.close()
    await hears(watcher, ("join", "a"), ("leave", "a"))


async def test_a_process_that_was_not_heard_is_back_with_all_its_clients(start_hub: Start) -> None:
    """A machine that stood still, a network that was cut: its sockets may have lived on."""
    hub, silent = await start_hub(), await start_hub()
    watcher = await watch(hub)
    await come(silent, "stays", "leaves")
    speak = stay_silent(silent)
    await hears(watcher, *[(k, c) for k in ("join", "leave") for c in ("stays", "leaves")])
    silent.members.leave(TOPIC, "leaves")
    speak()
    await shows(hub, "stays")
    told = [(k, c) for k in ("join", "leave") for c in ("stays", "leaves")]
    await hears(watcher, *told, ("join", "stays"))


async def test_what_redis_has_evicted_comes_back(
    start_hub: Start, raw: redis.Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Short of memory, it drops whole keys; and keys expire, if a room is quiet for days."""
    monkeypatch.setattr("ws_service.hub.members.AGAIN_INTERVAL_S", 0.3)
    hub = await start_hub(lease_s=60)
    watcher = await watch(hub)
    await come(hub, "a")
    raw.delete(keys.presence(TOPIC))
    await shows(hub, "a")
    await until(lambda: raw.ttl(keys.presence(TOPIC)) > 3_600)
    assert watcher.heard == [("join", "a")]


async def test_ten_thousand_come_and_go_in_few_round_trips(
    start_hub_apart: Start, own_redis: RedisServer
) -> None:
    """After a deployment everybody comes at once; presence must not be what they wait for."""
    hub = await start_hub_apart()
    clients = [str(number) for number in range(10_000)]
    entering = [
        hub.members.enter(f"room:{n % 10}", each, info(each), tells=False)
        for n, each in enumerate(clients)
    ]
    await hub.members.enter(TOPIC, "first", info("first"), tells=False)
    with redis.Redis(port=own_redis.port) as client:
        client.config_resetstat()
        await asyncio.gather(*entering)
        calls = scripts_run(client)
        assert calls < 100, "one for each 250 clients of a topic, and renewals"
        assert await hub.members.stats("room:3") == (1_000, 1)
        client.config_resetstat()
        await hub.close()
        assert scripts_run(client) < 150
        assert not client.keys("*:presence:*")


def scripts_run(client: redis.Redis) -> int:
    stats = client.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("evalsha", "eval"))


async def test_an_idle_client_costs_nothing(start_hub_apart: Start, own_redis: RedisServer) -> None:
    """Only the process renews, whoever is there."""
    hub = await start_hub_apart()
    await come(hub, *[str(number) for number in range(100)])
    with redis.Redis(port=own_redis.port) as client:
        client.config_resetstat()
        await until(lambda: scripts_run(client) >= 4)
        stats = client.info("commandstats")
    assert not {"cmdstat_hscan", "cmdstat_hdel", "cmdstat_publish"} & set(stats)
