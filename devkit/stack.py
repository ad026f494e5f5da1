"""The parts that run together: all of them up, or none."""

import time
from collections.abc import Callable

from devkit.child import Child
from devkit.failure import Failure
from devkit.interruption import Interruption
from devkit.redis_server import RedisServer

_HEALTHY_TIMEOUT_S = 45.0
_HEALTH_POLL_S = 0.1
_STOP_TIMEOUT_S = 10.0
_WATCH_S = 3600.0
_TAIL_LINES = 15


class Stack:
    """Children in the order in which they start; they are stopped the other way round.

    A Redis of our own belongs to it, but may end without taking the rest along: what the service
    says without Redis is worth seeing.
    """

    def __init__(self, interruption: Interruption) -> None:
        """Nothing runs yet."""
        self._interruption = interruption
        self._children: list[Child] = []
        self._redis: RedisServer | None = None

    def adopt_redis(self, redis: RedisServer) -> None:
        """Watch and stop this Redis with the rest."""
        self._redis = redis

    def start(self, child: Child) -> Child:
        """Start a part."""
        self._children.append(child)
        return child.start()

    def restart(self, child: Child) -> None:
        """Stop a part in good order and start it again, on the same address."""
        child.stop(_STOP_TIMEOUT_S)
        child.start()

    def wait_until(self, trouble: Callable[[], str | None], child: Child) -> None:
        """Wait until `trouble` has nothing to say about `child` any more.

        Raises:
            Failure: a part ended, or `child` is still in trouble after 45 seconds.
            Interrupted: somebody asked for the end meanwhile.
        """
        deadline = time.monotonic() + _HEALTHY_TIMEOUT_S
        while text := trouble():
            self._check_children()
            if time.monotonic() > deadline:
                raise Failure(
                    f"the {child.name} is not healthy: {text}; its log is {child.log}",
                    log_tail=child.tail(_TAIL_LINES),
                )
            self._interruption.wait(_HEALTH_POLL_S)
        self._check_children()

    def watch(self, on_redis_end: Callable[[RedisServer], None]) -> None:
        """Wait for the end; `on_redis_end` is called each time that Redis has ended.

        Raises:
            Failure: a part other than Redis ended by itself.
            Interrupted: somebody asked for the end.
        """
        is_redis_watched = True
        while True:
            self._check_children()
            is_redis_up = self._redis is None or self._redis.is_running
            if self._redis and is_redis_watched and not is_redis_up:
                on_redis_end(self._redis)
            is_redis_watched = is_redis_up
            self._interruption.wait(_WATCH_S)

    def stop(self) -> None:
        """Stop everything in order; another Ctrl-C meanwhile means: at once."""
        patience = self._interruption.count
        for child in [*reversed(self._children), *([self._redis.child] if self._redis else [])]:
            child.interrupt()
            deadline = time.monotonic() + _STOP_TIMEOUT_S
            while child.is_running and self._interruption.count == patience:
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    break
                self._interruption.pause(left_s)
            child.kill()

    def _check_children(self) -> None:
        for child in self._children:
            status = child.poll()
            if status is not None:
                raise Failure(_obituary(child, status), log_tail=child.tail(_TAIL_LINES))


def _obituary(child: Child, status: int) -> str:
    how = f"by signal {-status}" if status < 0 else f"with status {status}"
    text = f"the {child.name} ended {how}; its log is {child.log}"
    if "in use" in child.tail(_TAIL_LINES).lower():
        text += ". Somebody took its port in the meantime: start again"
    return text
