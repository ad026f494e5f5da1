"""All timers of a process on one wheel: pings, limits, lingering topics."""

import asyncio
from collections.abc import Callable
from typing import Final

TICK_S: Final = 0.25
"""How late a timer may be. The event loop's own heap would hold one entry for each connection."""


class Timer:
    """Something that is due later. ``cancel()`` may be called at any time, more than once."""

    __slots__ = ("_callback", "_tick", "_wheel")

    def __init__(self, wheel: "Wheel", tick: int, callback: Callable[[], None]) -> None:
        self._wheel = wheel
        self._tick = tick
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """It is gone at once: some are due in years, and clients may make many."""
        self._callback = None
        self._wheel.forget(self, self._tick)

    def fire(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class Wheel:
    """Turns only while something is due. For one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: dict[int, dict[Timer, None]] = {}
        self._turned_to = 0
        self._turning: asyncio.TimerHandle | None = None

    def after(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call back after a delay, up to a tick late."""
        if self._turning is None:
            self._turned_to = self._tick_of(self._loop.time())
            self._turning = self._loop.call_later(TICK_S, self._turn)
        tick = max(self._turned_to, self._tick_of(self._loop.time() + delay_s)) + 1
        timer = Timer(self, tick, callback)
        self._due.setdefault(tick, {})[timer] = None
        return timer

    def forget(self, timer: Timer, tick: int) -> None:
        """Harmless if it isn't there any more."""
        slot = self._due.get(tick)
        if slot is not None:
            slot.pop(timer, None)
            if not slot:
                del self._due[tick]

    def _turn(self) -> None:
        now = self._tick_of(self._loop.time())
        due: list[Timer] = []
        for tick in range(self._turned_to + 1, now + 1):
            due += self._due.pop(tick, ())
        self._turned_to = max(self._turned_to, now)
        try:
            for timer in due:
                self._fire(timer)
        finally:
            more = bool(self._due)
            self._turning = self._loop.call_later(TICK_S, self._turn) if more else None

    def _fire(self, timer: Timer) -> None:
        try:
            timer.fire()
        except Exception as error:  # noqa: BLE001 - one timer's trouble must not stop the others
            self._loop.call_exception_handler({"message": "a timer failed", "exception": error})

    @staticmethod
    def _tick_of(time_s: float) -> int:
        return int(time_s / TICK_S)
