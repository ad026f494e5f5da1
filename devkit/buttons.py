"""What the buttons on the example's front page do to the parts of `dev.py run`."""

import time
from collections.abc import Callable, Mapping

from devkit import health, welcome
from devkit.addresses import Addresses
from devkit.child import Child
from devkit.control import RESTART_SERVICE, STOP_REDIS
from devkit.interruption import Interruption
from devkit.redis_server import RedisDidNotStart, RedisServer
from devkit.stack import Stack
from devkit.terminal import Terminal

_REDIS_AWAY_S = 5.0


class Buttons:
    """Restart the service; stop Redis for five seconds, if it is ours."""

    def __init__(
        self,
        stack: Stack,
        service: Child,
        redis: RedisServer | None,
        addresses: Addresses,
        terminal: Terminal,
        interruption: Interruption,
    ) -> None:
        """All of them run already."""
        self._stack = stack
        self._service = service
        self._redis = redis
        self._addresses = addresses
        self._terminal = terminal
        self._interruption = interruption

    @staticmethod
    def names(redis: RedisServer | None) -> list[str]:
        """Give the actions that there are; a Redis that isn't ours is left alone."""
        return [RESTART_SERVICE, *([STOP_REDIS] if redis else [])]

    def actions(self) -> Mapping[str, Callable[[], None]]:
        """Give what to do, by name."""
        every = {RESTART_SERVICE: self._restart_service, STOP_REDIS: self._stop_redis}
        return {name: every[name] for name in self.names(self._redis)}

    def _restart_service(self) -> None:
        self._terminal.notice("The service is restarted, as the page asked")
        self._stack.restart(self._service)
        self._stack.wait_until(lambda: health.service_trouble(self._addresses), self._service)
        self._terminal.line(f"  It runs again, as process {self._service.pid}")

    def _stop_redis(self) -> None:
        if self._redis is None or not self._redis.is_running:
            return
        seconds = f"{_REDIS_AWAY_S:.0f} s"
        self._terminal.notice(f"Redis stops for {seconds}, as the page asked; it keeps its data")
        try:
            self._redis.save()
        except OSError as error:
            self._terminal.problem(str(error))
            return
        self._redis.stop()
        until = time.monotonic() + _REDIS_AWAY_S
        while (left_s := until - time.monotonic()) > 0:
            self._interruption.wait(left_s)
        start_again(self._redis, self._terminal)


def start_again(redis: RedisServer, terminal: Terminal) -> None:
    """Start our Redis, unless somebody was faster, and say how to stop it."""
    if redis.is_running:
        return
    try:
        redis.start()
    except RedisDidNotStart as error:
        terminal.problem(str(error))
        return
    terminal.notice(f"Redis runs again, on the same port, as process {redis.pid}")
    terminal.line(f"  {welcome.redis_end(redis.pid)}")
