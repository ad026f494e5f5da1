"""When a client must have connected, is pinged, and must have answered."""

import random
from collections.abc import Callable
from typing import Final

from ws_service.hub.wheel import Timer, Wheel
from ws_service.protocol.effects import Effect
from ws_service.protocol.one_way import OneWaySession
from ws_service.protocol.session import Session

CONNECT_LIMIT_S: Final = 10.0
PONG_LIMIT_S: Final = 8.0


class Heartbeat:
    """One timer at a time.

    apply: carries out what the session says to a beat. interval_s: between two pings.
    """

    __slots__ = ("_apply", "_interval_s", "_session", "_timer", "_wheel")

    def __init__(
        self,
        session: Session | OneWaySession,
        wheel: Wheel,
        interval_s: int,
        apply: Callable[[list[Effect]], None],
    ) -> None:
        self._session = session
        self._wheel = wheel
        self._interval_s = interval_s
        self._apply = apply
        self._timer: Timer | None = None

    def await_connect(self) -> None:
        """The client has opened its socket."""
        self._schedule(CONNECT_LIMIT_S, lambda: self._apply(self._session.connect_due()))

    def begin(self) -> None:
        """The client has connected."""
        # Spread, or all clients of a restarted server would be pinged together.
        first_s = self._interval_s * random.uniform(0.5, 1)  # noqa: S311
        self._schedule(first_s, self._ping)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ping(self) -> None:
        self._apply(self._session.ping_due())
        limit_s = min(PONG_LIMIT_S, self._interval_s * 0.5)
        self._schedule(limit_s, lambda: self._check_pong(limit_s))

    def _check_pong(self, waited_s: float) -> None:
        self._apply(self._session.pong_due())
        if not self._session.is_closed:
            self._schedule(self._interval_s - waited_s, self._ping)

    def _schedule(self, delay_s: float, callback: Callable[[], None]) -> None:
        self.stop()
        self._timer = self._wheel.after(delay_s, callback)
