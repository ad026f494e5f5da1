"""Who is subscribed: in every process, after every failure, and told at most once."""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis

from devkit.redis_server import RedisServer
from tests.faults import redis_restart
from tests.waiting import until
from ws_service.broker.connection import BlockingBroker
from ws_service.broker.doorbell import PAYLOAD_LIMIT_BYTES
from ws_service.broker.keys import Keys
from ws_service.broker.scripts import StreamPart, publish_call
from ws_service.broker.streams import Streams
from ws_service.errors import BrokerUnavailable
from ws_service.hub.hub import Hub
from ws_service.hub.ledger import Ledger
from ws_service.hub.subscription import Subscription
from ws_service.protocol.lines import Lines

TOPIC = "chat:7"
LEASE_S = 1.0


@dataclass
class Watcher:
    """A subscription that writes down everything in the order in which it came."""

    heard: list[tuple[str, str]] = field(default_factory=list)

    def deliver(self, lines: Lines) -> None:
        for line in lines.text.split("\n"):
            push = json.loads(line)["push"]
            for kind in ("join", "leave"):
                if kind in push:
                    self.heard.append((kind, push[kind]["info"]["client"]))
            if "pub" in push:
                self.heard.append(("pub", push["pub"]["data"]))

    def has_room(self, size_bytes: int) -> bool:
        return True

    async def wait_for_room(self) -> bool:
        raise AssertionError("there was room")

    def lose_position(self, subscription: Subscription) -> None:
        raise AssertionError("the topics here have no positions")


Start = Callable[..., Awaitable[Hub]]


@pytest.fixture
def keys() -> Keys:
    return Keys(f"test-{uuid4().hex[:8]}")


@asynccontextmanager
async def processes(server: RedisServer, keys: Keys) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def start(lease_s: float = LEASE_S) -> Hub:
            hub = Hub(server.url, keys, recovery_limit_bytes=100_000, lease_s=lease_s)
            hub.start()
            stack.push_async_callback(hub.close)
            return hub

        yield start


@pytest.fixture
async def start(redis_server: RedisServer, keys: Keys) -> AsyncIterator[Start]:
    """``await start()``: another service process, as far as Redis can tell."""
    async with processes(redis_server, keys) as start:
        yield start


@pytest.fixture
async def start_apart(
    own_redis: RedisServer, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Start]:
    """The same, on a Valkey that the test may stop: not for long."""
    monkeypatch.setattr("ws_service.hub.members.HEARING_S", 1.0)
    async with processes(own_redis, keys) as start:
        yield start


@pytest.fixture
def raw(redis_server: RedisServer) -> Iterator[redis.Redis]:
    with redis.Redis(port=redis_server.port) as client:
        yield client


async def watch(hub: Hub, *, hears_members: bool = True, has_history: bool = False) -> Watcher:
    watcher = Watcher()
    subscription = Subscription(TOPIC, watcher, hears_members=hears_members)
    await hub.subscribe(subscription, lambda _: None, has_history=has_history)
    return watcher


def info(client: str, user: str = "1") -> bytes:
    return json.dumps({"user": user, "client": client}).encode()


async def come(hub: Hub, *clients: str, topic: str = TOPIC, tells: bool = True) -> None:
    for client in clients:
        await hub.members.enter(topic, client, info(client), tells=tells)
        hub.members.announce(topic, client)
    await settled(hub)


async def shows(hub: Hub, *clients: str, topic: str = TOPIC) -> None:
    """Wait until exactly these are present."""
    present: dict[str, bytes] = {}
    deadline = asyncio.get_running_loop().time() + 10
    while set(present := await hub.members.present(topic)) != set(clients):
        assert asyncio.get_running_loop().time() < deadline, f"there were {sorted(present)}"
        await asyncio.sleep(0.02)


async def hears(watcher: Watcher, *heard: tuple[str, str]) -> None:
    await until(lambda: Counter(watcher.heard) == Counter(heard), lambda: f"{watcher.heard}")


def tasks(hub: Hub, *names: str) -> list[asyncio.Task[None]]:
    return [task for task in hub._tasks if task.get_name() in names]


def die(hub: Hub) -> None:
    """As if the process had been killed: Redis hears nothing more."""
    for task in tasks(hub, "lease", "reaper", "members"):
        task.cancel()
    hub.members._ledger = Ledger()
    hub.members._is_idle.set()
    hub._lease.incarnation = None


def stay_silent(hub: Hub) -> Callable[[], None]:
    """The process isn't heard until what is returned is called; then it goes on."""
    for task in tasks(hub, "lease", "reaper", "members"):
        task.cancel()

    def speak() -> None:
        for name, run in (("lease", hub._lease.run), ("members", hub.members.run)):
            hub._keep(asyncio.create_task(run(), name=name))

    return speak


async def settled(*hubs: Hub) -> None:
    """Wait until everything is written, and former incarnations are gone."""
    for hub in hubs:
        await until(lambda hub=hub: hub.members._is_idle.is_set())  # type: ignore[misc]


@pytest.mark.promise("presence")
async def test_who_is_in_is_seen_in_every_process(start: Start) -> None:
    """A page asks its own process and means all of them."""
    here, there = await start(), await start()
    await here.members.enter(TOPIC, "a", info("a", "1"), tells=False)
    await there.members.enter(TOPIC, "b", info("b", "2"), tells=False)
    await there.members.enter(TOPIC, "c", info("c", "2"), tells=False)
    everybody = {"a": info("a"), "b": info("b", "2"), "c": info("c", "2")}
    assert await here.members.present(TOPIC) == everybody
    assert await there.members.stats(TOPIC) == (3, 2)
    assert await here.members.present("chat:8") == {}
    there.members.leave(TOPIC, "b")
    await shows(here, "a", "c")


async def test_who_comes_and_goes_is_told_once(start: Start) -> None:
    """A list of names on a page is right without asking again."""
    here, there = await start(), await start()
    watcher, deaf = await watch(here), await watch(here, hears_members=False)
    await come(there, "a", "b")
    await come(there, "quiet", tells=False)
    there.members.leave(TOPIC, "a")
    there.members.leave(TOPIC, "quiet")
    await shows(here, "b")
    await hears(watcher, ("join", "a"), ("join", "b"), ("leave", "a"))
    assert deaf.heard == []


async def test_events_stand_where_they_happened_among_publications(
    start: Start, raw: redis.Redis, keys: Keys
) -> None:
    """A message of somebody who then leaves is not one of somebody who has left."""
    hub = await start()
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
    start: Start, keys: Keys, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was published before somebody came is shown before, also when it has to be fetched."""
    hub = await start()
    watcher = await watch(hub, has_history=True)
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
    start: Start, raw: redis.Redis, keys: Keys
) -> None:
    """Its subscription may be cancelled while Redis is being told."""
    hub = await start()
    watcher = await watch(hub)
    entering = asyncio.create_task(hub.members.enter(TOPIC, "a", info("a"), tells=True))
    await asyncio.sleep(0)
    entering.cancel()
    await asyncio.gather(entering, return_exceptions=True)
    await come(hub, "b")
    await shows(hub, "b")
    await hears(watcher, ("join", "b"))


async def test_who_subscribes_again_is_told_as_gone_and_come(start: Start) -> None:
    """A page that leaves a room and comes back in the same moment."""
    hub = await start()
    watcher = await watch(hub)
    await come(hub, "a")
    hub.members.leave(TOPIC, "a")
    await come(hub, "a")
    await hears(watcher, ("join", "a"), ("leave", "a"), ("join", "a"))
    await shows(hub, "a")


@pytest.mark.promise("presence")
async def test_a_killed_process_is_gone_within_its_lease_and_told_once(start: Start) -> None:
    """Its clients can't say goodbye."""
    hubs = [await start(), await start(), await start()]
    killed = await start()
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
    start: Start, raw: redis.Redis, keys: Keys
) -> None:
    """Redis does not fill up with what processes once were."""
    hub, killed = await start(), await start()
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
    start: Start, raw: redis.Redis, keys: Keys
) -> None:
    """On a deployment nobody seems to be there who isn't, not for one second."""
    hub, ends = await start(), await start(lease_s=60)
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
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process whose time is over ends; its lease of a minute must not keep its clients."""
    monkeypatch.setattr("ws_service.hub.members.CLOSE_LIMIT_S", 0.05)
    hub, ends = await start(), await start(lease_s=60)
    watcher = await watch(hub)
    await come(ends, "a")
    for task in tasks(ends, "members"):
        task.cancel()
    await ends.close()
    await hears(watcher, ("join", "a"), ("leave", "a"))


async def test_a_process_that_was_not_heard_is_back_with_all_its_clients(start: Start) -> None:
    """A machine that stood still, a network that was cut: its sockets may have lived on."""
    hub, silent = await start(), await start()
    watcher = await watch(hub)
    await come(silent, "stays", "leaves")
    speak = stay_silent(silent)
    await hears(watcher, *[(k, c) for k in ("join", "leave") for c in ("stays", "leaves")])
    silent.members.leave(TOPIC, "leaves")
    speak()
    await shows(hub, "stays")
    told = [(k, c) for k in ("join", "leave") for c in ("stays", "leaves")]
    await hears(watcher, *told, ("join", "stays"))


Restart = Callable[[RedisServer], None]


def stale(server: RedisServer) -> None:
    redis_restart.stale(server, lambda: None)


@pytest.mark.promise("presence")
@pytest.mark.parametrize("restart", [redis_restart.whole, stale, redis_restart.empty])
async def test_presence_is_right_after_a_restart_of_redis(
    start_apart: Start,
    own_redis: RedisServer,
    restart: Restart,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody who stayed is told to have left, whatever the Redis remembers."""
    here, there = await start_apart(), await start_apart()
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
    start_apart: Start, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A fail-over to a replica that lagged behind brings back who had left."""
    here, there = await start_apart(), await start_apart()
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
    start_apart: Start, own_redis: RedisServer
) -> None:
    """No ghosts of a process that lives."""
    here, there = await start_apart(lease_s=30), await start_apart(lease_s=30)
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
    start_apart: Start, own_redis: RedisServer
) -> None:
    """All leases have ended then, and nobody has died: whoever is back first must not end them."""
    hubs = [await start_apart() for _ in range(3)]
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
    start_apart: Start, own_redis: RedisServer
) -> None:
    """Not only when the lease is renewed the next time: until then nobody would be there."""
    hub = await start_apart(lease_s=120)
    await watch(hub)
    await come(hub, "a")
    await asyncio.to_thread(redis_restart.empty, own_redis)
    await shows(hub, "a")


async def test_a_cleared_cache_that_shares_the_redis_loses_nobody(
    start_apart: Start, own_redis: RedisServer
) -> None:
    """cache.clear() is FLUSHDB: presence comes back, and nobody is told that they left or came."""
    here, there = await start_apart(), await start_apart()
    watcher = await watch(here)
    await come(here, "a")
    await come(there, "b")
    await hears(watcher, ("join", "a"), ("join", "b"))
    with redis.Redis(port=own_redis.port) as client:
        client.flushdb()
    await shows(here, "a", "b")
    await settled(here, there)
    assert watcher.heard == [("join", "a"), ("join", "b")]


async def test_what_redis_has_evicted_comes_back(
    start: Start, raw: redis.Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Short of memory, it drops whole keys; and keys expire, if a room is quiet for days."""
    monkeypatch.setattr("ws_service.hub.members.AGAIN_INTERVAL_S", 0.3)
    hub = await start(lease_s=60)
    watcher = await watch(hub)
    await come(hub, "a")
    raw.delete(keys.presence(TOPIC))
    await shows(hub, "a")
    await until(lambda: raw.ttl(keys.presence(TOPIC)) > 3_600)
    assert watcher.heard == [("join", "a")]


async def test_ten_thousand_come_and_go_in_few_round_trips(
    start_apart: Start, own_redis: RedisServer
) -> None:
    """After a deployment everybody comes at once; presence must not be what they wait for."""
    hub = await start_apart()
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


async def test_an_idle_client_costs_nothing(start_apart: Start, own_redis: RedisServer) -> None:
    """Only the process renews, whoever is there."""
    hub = await start_apart()
    await come(hub, *[str(number) for number in range(100)])
    with redis.Redis(port=own_redis.port) as client:
        client.config_resetstat()
        await until(lambda: scripts_run(client) >= 4)
        stats = client.info("commandstats")
    assert not {"cmdstat_hscan", "cmdstat_hdel", "cmdstat_publish"} & set(stats)
