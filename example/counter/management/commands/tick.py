import logging
import signal
import threading
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from example.counter.models import Counter
from example.counter.steps import RedisUnreachable, make_step, tell_step

logger = logging.getLogger(__name__)

PERIOD_S = 0.2
CATCH_UP_S = 1.0


class Command(BaseCommand):
    help = "Step the counter of the front page, five times a second, until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--period", type=float, default=PERIOD_S, help="seconds from step to step (0.2)"
        )

    def handle(self, *args: Any, period: float, **options: Any) -> None:
        self._stopping = threading.Event()
        self._is_away = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        counter = Counter.first()
        logger.info("Counting on from %d, one step every %g s", counter.n, period)
        # Whether the last number was told before this process is not known: tell it again.
        is_told = counter.n == 0
        due_at = time.monotonic()
        while not self._stopping.is_set():
            close_old_connections()  # no request does it here
            # What Redis did not take is no step: the same number again, until it is taken.
            # So whatever a side misses was lost on its way to that side.
            if is_told:
                make_step(counter)
            is_told = self._tell(counter)
            # A busy machine's delay is caught up with; the time that Redis was away is not.
            due_at += period
            now = time.monotonic()
            if not is_told or now - due_at > CATCH_UP_S:
                due_at = now + period
            self._stopping.wait(max(0.0, due_at - now))
        logger.info("Stopped counting at %d", counter.n)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping.set()

    def _tell(self, counter: Counter) -> bool:
        """Whether the step was taken; says once when Redis goes away and once when it is back."""
        try:
            tell_step(counter)
        except RedisUnreachable as error:
            if not self._is_away:
                logger.warning(
                    "The counter stands still at %d: Redis is unreachable (%s); going on, and"
                    " saying so when it is back",
                    counter.n,
                    error,
                )
            self._is_away = True
            return False
        if self._is_away:
            logger.info("Redis is back; counting on from %d", counter.n)
        self._is_away = False
        return True
