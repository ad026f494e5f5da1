"""A site that names its Redis in the channel layer only, with a password and a database."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from redis.asyncio.connection import Connection

from devkit.redis_server import RedisServer
from tests.publishing.conftest import Connect
from ws_service import position, publish
from ws_service.broker.keys import Keys

PASSWORD = "a/b#c@d:e%f?g h"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def locked(own_redis: RedisServer) -> Iterator[redis.Redis]:
    """A client of database 2 of a Redis that asks for a password."""
    with redis.Redis(port=own_redis.port) as client:
        client.config_set("requirepass", PASSWORD)
    with redis.Redis(port=own_redis.port, password=PASSWORD, db=2) as client:
        yield client


@pytest.mark.parametrize(
    "form",
    [
        {"address": "redis://127.0.0.1:{port}", "password": PASSWORD, "db": 2},
        {"address": "redis://127.0.0.1:{port}/2", "password": PASSWORD, "username": "default"},
        {"address": "redis://:a%2Fb%23c%40d%3Ae%25f%3Fg%20h@127.0.0.1:{port}/2", "db": 1},
        {"host": "127.0.0.1", "port": "{port}", "password": PASSWORD, "db": 2},
        {
            "host": "127.0.0.1",
            "port": "{port}",
            "password": PASSWORD,
            "db": "2",
            "connection_class": Connection,
            "socket_timeout": 15,
        },
    ],
)
def test_topics_are_where_the_layer_is(
    connect: Connect, own_redis: RedisServer, locked: redis.Redis, settings: Any, form: Any
) -> None:
    """Not in database 0, and not refused without a word about which password."""
    host = {
        name: value.replace("{port}", str(own_redis.port)) if isinstance(value, str) else value
        for name, value in form.items()
    }
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [host]},
        }
    }
    prefix = connect(own_redis, REDIS_URL=None).prefix
    assert publish("orders:1", 1, on_commit=False) == position("orders:1")
    assert locked.exists(Keys(prefix, database=2).stream("orders:1"))
