"""The ways in which a Redis comes back: with everything, with what it once saved, with nothing."""

from collections.abc import Callable
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from devkit.redis_server import RedisServer

_END_LIMIT_S = 10.0
_SNAPSHOT = "dump.rdb"


def whole(server: RedisServer) -> None:
    """Restart it in good order: nothing that it confirmed is lost."""
    # Without a retry: the client would look for the server that it has just ended.
    with redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0)) as client:
        client.shutdown(save=True)
    server.child.wait(_END_LIMIT_S)
    server.start()


def stale(server: RedisServer, meanwhile: Callable[[], object]) -> None:
    """Crash it, and start it from a snapshot that was taken before `meanwhile` was called.

    The same happens on a fail-over to a replica that lagged behind.
    """
    with redis.Redis(port=server.port) as client:
        client.save()
    meanwhile()
    server.kill()
    server.start()


def empty(server: RedisServer) -> None:
    """Crash it, and start it without a snapshot."""
    with redis.Redis(port=server.port) as client:
        folder = Path(client.config_get("dir")["dir"])
    server.kill()
    (folder / _SNAPSHOT).unlink(missing_ok=True)
    server.start()
