"""The connection on which a process hears doorbells: it confirms, notices, and comes back."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
import redis
import redis.asyncio

from devkit.redis_server import RedisServer
from tests.faults.link import Link
from tests.waiting import until
from ws_service.broker import link
from ws_service.broker.keys import Keys
from ws_service.broker.link import DoorbellLink
from ws_service.errors import BrokerUnavailable


class Ear:
    """A doorbell link over a network that the test may disturb."""

    def __init__(self, network: Link) -> None:
        self.network = network
        self.keys = Keys(f"test-{uuid4().hex[:8]}")
        self.heard: list[tuple[str, bytes]] = []
        self.restored = 0
        self.link = DoorbellLink(
            f"redis://127.0.0.1:{network.port}/0",
            self.keys,
            lambda topic, message: self.heard.append((topic, message)),
            self._count,
        )

    def _count(self) -> None:
        self.restored += 1


@pytest.fixture
def network(redis_server: RedisServer) -> Iterator[Link]:
    with Link(redis_server.port) as network:
        yield network


@pytest.fixture
async def ear(network: Link) -> AsyncIterator[Ear]:
    ear = Ear(network)
    ear.link.start()
    yield ear
    await ear.link.close()


@pytest.fixture
def bell(redis_server: RedisServer, ear: Ear) -> Iterator["Bell"]:
    with redis.Redis(port=redis_server.port) as client:
        yield Bell(client, ear.keys)


class Bell:
    """Rings directly at the Redis."""

    def __init__(self, client: redis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    def ring(self, topic: str, message: bytes = b"x") -> None:
        self._client.publish(self._keys.doorbell(topic), message)


async def test_after_the_confirmation_everything_is_heard(ear: Ear, bell: Bell) -> None:
    """The channel layer returns earlier: what is published then reaches nobody."""
    for number in range(200):
        topic = f"t:{number}"
        await ear.link.subscribe(topic)
        bell.ring(topic)
    await until(lambda: [topic for topic, _ in ear.heard] == [f"t:{n}" for n in range(200)])


async def test_topic_names_of_any_form_are_told_apart(ear: Ear, bell: Bell) -> None:
    """A name may hold what the names of keys are made of."""
    names = ["a", "a:bell:b", "{ws0}", "ä ö", "*", "[a]"]
    for name in names:
        await ear.link.subscribe(name)
    for name in names:
        bell.ring(name, name.encode())
    expected = [(name, name.encode()) for name in names]
    await until(lambda: ear.heard == expected, lambda: f"{ear.heard}")


async def test_a_cut_connection_comes_back_with_all_topics(
    ear: Ear, bell: Bell, network: Link
) -> None:
    """And says so, because what rang meanwhile was not heard."""
    topics = [f"t:{number}" for number in range(1_200)]
    await asyncio.gather(*map(ear.link.subscribe, topics))
    before = ear.restored
    network.cut()
    await until(lambda: ear.restored == before + 1)
    bell.ring(topics[0])
    bell.ring(topics[-1])
    await until(lambda: len(ear.heard) == 2)


async def test_unsubscribe_and_subscribe_in_one_turn_ends_subscribed(ear: Ear, bell: Bell) -> None:
    """A topic is forgotten in the moment in which somebody wants it."""
    await ear.link.subscribe("t")
    for _ in range(50):
        ear.link.unsubscribe("t")
        await ear.link.subscribe("t")
    bell.ring("t")
    await until(lambda: len(ear.heard) == 1)


async def test_a_silently_dead_connection_is_replaced_when_nothing_is_confirmed(
    ear: Ear, network: Link
) -> None:
    """Not when the next ping shows it: until then no new topic could be joined."""
    await ear.link.subscribe("before")
    before = ear.restored
    network.half_open()
    with pytest.raises(BrokerUnavailable):
        await ear.link.subscribe("t")
    network.mend()
    await until(lambda: ear.restored == before + 1)
    await ear.link.subscribe("t")


async def test_while_redis_is_away_a_subscription_fails_in_time(ear: Ear, network: Link) -> None:
    """The client is told to try again; it is still wanted, so the return of Redis is enough."""
    await ear.link.subscribe("before")
    with network.down():
        with pytest.raises(BrokerUnavailable):
            await ear.link.subscribe("t")
        ear.link.unsubscribe("t")
    await ear.link.subscribe("t")


async def test_unsubscribing_ends_the_wait_of_who_subscribes(ear: Ear, network: Link) -> None:
    """Nobody hangs until the time limit for a topic that is given up."""
    await ear.link.subscribe("before")
    with network.down():
        waiting = asyncio.create_task(ear.link.subscribe("t"))
        await asyncio.sleep(0)
        ear.link.unsubscribe("t")
        with pytest.raises(BrokerUnavailable):
            await waiting


async def test_a_link_that_has_nothing_to_hear_stays(
    ear: Ear, network: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A site without subscribers is no dead Redis."""
    monkeypatch.setattr(link, "PING_INTERVAL_S", 0.1)
    await until(lambda: ear.restored == 1)
    await ear.link.subscribe("t")
    network.cut()
    await until(lambda: ear.restored == 2)
    ear.link.unsubscribe("t")
    for _ in range(5):
        heard_s = ear.link._heard_s
        await until(lambda heard_s=heard_s: ear.link._heard_s > heard_s)  # an answer to a ping
    assert ear.restored == 2


async def test_a_link_without_an_answer_to_its_ping_is_replaced(
    ear: Ear, network: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A firewall that forgot the connection tells nobody."""
    monkeypatch.setattr(link, "PING_INTERVAL_S", 0.1)
    await ear.link.subscribe("t")
    before = ear.restored
    assert network.half_open_one(random.Random(1))
    await until(lambda: ear.restored > before)


async def test_a_topic_that_is_wanted_again_while_many_are_given_up_is_heard(
    ear: Ear, bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a minute after a mass disconnect, while Redis is slow."""
    topics = [f"t:{number}" for number in range(2_000)]
    await asyncio.gather(*map(ear.link.subscribe, topics))
    send = link._send
    again: list[asyncio.Task[None]] = []

    async def slow_send(connection: redis.asyncio.Connection, *command: str) -> None:
        if command[0] == "UNSUBSCRIBE" and not again:
            again.append(asyncio.create_task(ear.link.subscribe(topics[-1])))
            await asyncio.sleep(0)
        await send(connection, *command)

    monkeypatch.setattr(link, "_send", slow_send)
    for topic in topics:
        ear.link.unsubscribe(topic)
    await until(lambda: bool(again))
    await again[0]
    bell.ring(topics[-1])
    await until(lambda: len(ear.heard) == 1)


async def test_a_redis_that_does_not_answer_a_new_connection_is_tried_again(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A balancer that accepts and has nobody behind it, during a failover."""
    monkeypatch.setattr(link, "CONNECT_LIMIT_S", 0.3)
    with Link(redis_server.port) as network:
        network.half_open()
        ear = Ear(network)
        ear.link._url += "1"  # another database is asked for on the new connection
        ear.link.start()
        await until(lambda: network.connections() > 0)
        network.mend()
        await until(lambda: ear.restored == 1)
        await ear.link.close()


async def test_a_redis_that_refuses_to_be_listened_to_is_asked_with_pauses_and_named(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A user without the right to channels: the default of new ones."""
    with redis.Redis(port=redis_server.port) as admin, Link(redis_server.port) as network:
        rights = ("on", ">secret", "+@all", "~*", "resetchannels")
        admin.execute_command("ACL", "SETUSER", "deaf", *rights)
        ear = Ear(network)
        ear.link._url = f"redis://deaf:secret@127.0.0.1:{network.port}/0"
        ear.link.start()
        with pytest.raises(BrokerUnavailable):
            await ear.link.subscribe("t")
        lines = [r.getMessage() for r in caplog.records if r.name == "ws_service.broker.link"]
        assert len(lines) == 1
        assert "permissions" in lines[0]
        assert "secret" not in lines[0]
        assert ear.restored == 0
        await ear.link.close()
        admin.acl_deluser("deaf")


async def test_a_topic_that_nobody_wants_any_more_does_not_hold_up_the_return(ear: Ear) -> None:
    """It may go before it was asked for on the new connection: no answer of Redis tells then."""
    await ear.link.subscribe("stays")
    await ear.link.subscribe("goes")
    await until(lambda: ear.restored == 1)
    listen = ear.link._listen

    async def listen_and_lose(connection: redis.asyncio.Connection) -> None:
        asyncio.get_running_loop().call_soon(ear.link.unsubscribe, "goes")
        await listen(connection)

    ear.link._listen = listen_and_lose  # type: ignore[method-assign]
    ear.network.cut()
    await until(lambda: ear.restored == 2)
