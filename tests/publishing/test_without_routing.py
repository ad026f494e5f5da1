"""Publishing where the settings name no topics: the service has written them into Redis."""

import asyncio
import logging
import sys
from types import ModuleType
from typing import Any

import pytest

from devkit.redis_server import RedisServer
from tests.publishing.conftest import Connect
from tests.waiting import until
from ws_service import Topic, aposition, position, publish, publish_many, topic, topic_name
from ws_service.broker.connection import AsyncBroker
from ws_service.conf import load_config
from ws_service.errors import BrokerUnavailable, PayloadTooLarge, UnknownTopic
from ws_service.hub.hub import Hub
from ws_service.hub.topic_table import TopicTableKeeper
from ws_service.signals import publish_failed
from ws_service.topics.compiled import compiled, topics_of
from ws_service.topics.table import TopicTable
from ws_service.topics.written import write_topics


class Orders(Topic):
    """Kept for a while, as topics are by default."""

    max_publication_size = 64


TABLE = TopicTable([topic("orders:<int:pk>", Orders, name="order")])
# Without a routing module there is no channel layer's Redis either, but the one that is named.
NONE: dict[str, Any] = {"ROUTING": None}


async def written_by_a_hub(server: RedisServer, keys: Any) -> Hub:
    hub = Hub(server.url, keys, 100_000, topic_table=compiled(TABLE))
    hub.start()
    return hub


async def test_what_the_service_has_is_what_the_site_may_publish_to(
    connect: Connect, redis_server: RedisServer
) -> None:
    """A gateway in front of a site in another repository: nothing is declared twice."""
    store = connect(redis_server, **NONE)
    hub = await written_by_a_hub(redis_server, store.keys)
    try:
        await until(lambda: store.client.get(store.keys.topic_table()), lambda: "nothing written")

        def site() -> None:
            assert publish(topic_name("order", pk=42), 1, on_commit=False) == position("orders:42")
            publish("orders:42", 2)
            with pytest.raises(UnknownTopic, match="'orders:<int:pk>'"):
                publish("ordres:42", 3)
            with pytest.raises(PayloadTooLarge):
                publish("orders:42", "x" * 64)

        await asyncio.to_thread(site)
        assert store.data("orders:42") == [1, 2]
        assert (await aposition("orders:42")).offset == 2
    finally:
        await hub.close()


async def test_a_table_that_was_lost_is_written_again(
    connect: Connect, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody emptied Redis."""
    monkeypatch.setattr("ws_service.hub.topic_table.CHECK_S", 0.01)
    store = connect(redis_server, **NONE)
    key = store.keys.topic_table()
    hub = await written_by_a_hub(redis_server, store.keys)
    try:
        await until(lambda: store.client.get(key), lambda: "nothing written")
        store.client.delete(key)
        await until(lambda: store.client.get(key) == compiled(TABLE), lambda: "not written again")
    finally:
        await hub.close()


async def test_an_older_release_does_not_write_over_a_newer_one(
    connect: Connect, redis_server: RedisServer
) -> None:
    """While a release rolls out both run; the one that started last is right."""
    store = connect(redis_server, **NONE)
    broker = AsyncBroker(redis_server.url)
    try:
        older = TopicTableKeeper(broker, store.keys, b"older")
        await older.write()
        await TopicTableKeeper(broker, store.keys, b"newer").write()
        await older.write()
        assert store.client.get(store.keys.topic_table()) == b"newer"
    finally:
        await broker.close()


async def test_a_service_that_starts_before_redis_writes_later(
    connect: Connect, own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Containers start in any order."""
    monkeypatch.setattr("ws_service.hub.topic_table.RETRY_S", 0.05)
    store = connect(own_redis, **NONE)
    own_redis.stop()
    hub = await written_by_a_hub(own_redis, store.keys)
    try:
        with pytest.raises(BrokerUnavailable):
            await hub.echo()
        own_redis.start()
        await until(lambda: store.client.get(store.keys.topic_table()), lambda: "not written")
    finally:
        await hub.close()


def test_before_the_service_has_ever_run_that_is_said(
    connect: Connect, redis_server: RedisServer
) -> None:
    """The site is deployed first, or names another Redis or prefix."""
    connect(redis_server, **NONE)
    with pytest.raises(UnknownTopic, match="no service has written its topics"):
        publish("orders:42", 1)


def test_serve_writes_before_there_is_a_client(
    connect: Connect, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first publication may be earlier than the first connection."""
    routing = ModuleType("written_routing")
    vars(routing)["topics"] = list(TABLE)
    monkeypatch.setitem(sys.modules, "written_routing", routing)
    store = connect(redis_server, ROUTING="written_routing")
    write_topics(load_config(), 2)
    data = store.client.get(store.keys.topic_table())
    assert isinstance(data, bytes)
    assert topics_of(data).match("orders:42").history == Orders.history


def test_a_site_saves_its_data_though_the_topics_can_not_be_read(
    connect: Connect, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Redis is away since before the process started: a publication is lost, no request fails."""
    connect(own_redis, PUBLISH_TIMEOUT=0.3, **NONE)
    own_redis.stop()
    lost: list[str] = []

    def note(topic: str, **kwargs: Any) -> None:
        lost.append(topic)

    publish_failed.connect(note)
    try:
        with caplog.at_level(logging.ERROR):
            assert publish("orders:1", 1) is None
            assert publish_many([("orders:2", 1), ("orders:3", 1)]) is None
    finally:
        publish_failed.disconnect(note)
    assert lost == ["orders:1", "orders:2", "orders:3"]
    assert "'orders:1' was lost" in caplog.text
    with pytest.raises(BrokerUnavailable):
        publish("orders:1", 1, on_commit=False)
