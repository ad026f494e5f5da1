"""Redis clients, made in one place: explicit time-outs, no hidden repetitions."""

from inspect import signature
from typing import Any, Final, cast

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from ws_service.redis_url import RedisUrl

READ_LIMIT_S: Final = 2.0
"""For one answer to the hub. A policy and its reads have 4 s together."""

HUB_CONNECTIONS: Final = 8

_BLOCKING: Final = {
    "redis": redis.connection.Connection,
    "rediss": redis.connection.SSLConnection,
    "unix": redis.connection.UnixDomainSocketConnection,
}
_ASYNC: Final = {
    "redis": redis.asyncio.connection.Connection,
    "rediss": redis.asyncio.connection.SSLConnection,
    "unix": redis.asyncio.connection.UnixDomainSocketConnection,
}
# No CLIENT SETINFO, no HELLO: each is a round trip that may time out by itself.
_PARAMETERS: Final = signature(redis.connection.AbstractConnection.__init__).parameters
_NAMELESS: Final[dict[str, None]] = (
    {"driver_info": None}
    if "driver_info" in _PARAMETERS
    else {"lib_name": None, "lib_version": None}
)
_PLAIN: Final[dict[str, Any]] = {"protocol": 2, "decode_responses": False, **_NAMELESS}


def blocking_client(url: RedisUrl, answer_limit_s: float) -> redis.Redis:
    """A client that repeats nothing; the limit holds for connecting and for each answer."""
    pool = redis.ConnectionPool(
        connection_class=_BLOCKING[url.scheme],
        socket_timeout=answer_limit_s,
        socket_connect_timeout=answer_limit_s,
        retry=Retry(NoBackoff(), 0),
        **url.client_options(),
        **_PLAIN,
    )
    return redis.Redis(connection_pool=pool)


def async_client(url: RedisUrl) -> redis.asyncio.Redis:
    """A client over a few connections, in one event loop; it repeats what a lost one has cost."""
    pool = redis.asyncio.BlockingConnectionPool(
        connection_class=_ASYNC[url.scheme],
        max_connections=HUB_CONNECTIONS,
        timeout=READ_LIMIT_S,
        socket_timeout=READ_LIMIT_S,
        socket_connect_timeout=READ_LIMIT_S,
        retry=AsyncRetry(NoBackoff(), 1),
        **url.client_options(),
        **_PLAIN,
    )
    return redis.asyncio.Redis(connection_pool=pool)


def listening_connection(url: str) -> redis.asyncio.Connection:
    """A single connection that waits for messages without a limit; not connected yet."""
    address = RedisUrl.parse(url)
    pool = redis.asyncio.ConnectionPool(
        connection_class=_ASYNC[address.scheme],
        socket_timeout=None,
        socket_connect_timeout=READ_LIMIT_S,
        retry=AsyncRetry(NoBackoff(), 0),
        **address.client_options(),
        **_PLAIN,
    )
    connection = pool.make_connection()  # type: ignore[no-untyped-call]
    return cast("redis.asyncio.Connection", connection)
