"""A site with topics, and a real Valkey to publish to."""

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from types import ModuleType
from typing import Any

import pytest
import redis

from devkit.redis_server import RedisServer
from tests.publishing.store import Store
from ws_service import History, Topic, topic
from ws_service.publishing.broker import close_publisher

_prefixes = count(1)


class Orders(Topic):
    """Kept for a while, as topics are by default."""


class Brief(Topic):
    """Keeps three, for a minute."""

    history = History(size=3, ttl=timedelta(minutes=1))


class Roomy(Topic):
    """Takes more at once than other topics."""

    max_publication_size = 100_000


class Narrow(Topic):
    """A number at a time."""

    max_publication_size = 10


class Long(Topic):
    """Keeps a thousand."""

    history = History(size=1_000)


class Cursor(Topic):
    """Only the present is of interest."""

    history = None


Connect = Callable[..., Store]


@pytest.fixture
def connect(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """``connect(server, **options)``: from now on the site publishes to this Redis."""
    routing = ModuleType("publishing_routing")
    vars(routing)["topics"] = [
        topic("orders:<int:pk>", Orders, name="order"),
        topic("brief:<str:name>", Brief),
        topic("roomy:<str:name>", Roomy),
        topic("narrow:<str:name>", Narrow),
        topic("long:<str:name>", Long),
        topic("cursor:<str:name>", Cursor),
    ]
    monkeypatch.setitem(sys.modules, "publishing_routing", routing)
    stores: list[Store] = []

    def connect(server: RedisServer, **options: Any) -> Store:
        prefix = f"p{next(_prefixes)}"
        settings.WS_SERVICE = {
            "ROUTING": "publishing_routing",
            "REDIS_URL": server.url,
            "PREFIX": prefix,
            **options,
        }
        stores.append(Store(redis.Redis(port=server.port), prefix))
        return stores[-1]

    yield connect
    for store in stores:
        store.client.close()
    close_publisher()


@pytest.fixture
def store(connect: Connect, redis_server: RedisServer) -> Store:
    """The shared Valkey, under names that no other test uses."""
    return connect(redis_server)
