"""A message to ourselves, the proof that what carries messages works."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from ws_service.errors import BrokerUnavailable
from ws_service.outage import in_words

logger = logging.getLogger(__name__)

FRESH_S: Final = 2.0
"""A result this young answers without another round trip."""
TIME_LIMIT_S: Final = 2.0
"""A round trip that takes longer is a failure."""
NO_ANSWER: Final = f"no answer within {TIME_LIMIT_S:g} s"


class NothingToTry(Exception):
    """There is no such thing in this deployment; the text says so."""


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one round trip. ``at_s`` is on the monotonic clock."""

    is_working: bool
    text: str
    at_s: float
    round_trip_s: float | None = None


class Canary:
    """One round trip at a time, however many probes ask; never older than FRESH_S.

    name: what is tried, for the log.
    round_trip: sends and receives; raises what it likes, NothingToTry where there is nothing.
    """

    def __init__(self, name: str, round_trip: Callable[[], Awaitable[None]]) -> None:
        self.name = name
        self._round_trip = round_trip
        self._report: Report | None = None
        self._running: asyncio.Task[Report] | None = None

    async def report(self) -> Report:
        """The latest result if it is fresh, else the one of a new round trip.

        Never raises and never takes longer than TIME_LIMIT_S, also when the round trip hangs.
        """
        if self._report is not None and time.monotonic() - self._report.at_s < FRESH_S:
            return self._report
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._attempt())
        # wait() leaves the task alone at the time limit: its own clean-up may hang as well.
        await asyncio.wait([self._running], timeout=TIME_LIMIT_S)
        if self._running.done():
            return self._running.result()
        return Report(False, NO_ANSWER, time.monotonic())

    async def _attempt(self) -> Report:
        started_s = time.monotonic()
        try:
            async with asyncio.timeout(TIME_LIMIT_S):
                await self._round_trip()
        except NothingToTry as nothing:
            self._report = Report(True, str(nothing), started_s)
        except Exception as error:  # noqa: BLE001 - any failure: the report names it
            words = _in_words(error)
            logger.warning("The %s failed a round trip: %s", self.name, words)
            self._report = Report(False, words, time.monotonic())
        else:
            now_s = time.monotonic()
            self._report = Report(True, "ok", now_s, now_s - started_s)
        return self._report


def _in_words(error: Exception) -> str:
    match error:
        case TimeoutError():
            return NO_ANSWER
        case BrokerUnavailable():
            return str(error)
        case _:
            return in_words(error)
