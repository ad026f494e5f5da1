import logging
import signal
import threading
import time
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from example.pages import points

logger = logging.getLogger(__name__)

PERIOD_S = 1.0


class Command(BaseCommand):
    help = "Send one point a second to the dashboard, until SIGTERM or Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        self._stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        logger.info("Feeding the dashboard, one point every %g s", PERIOD_S)
        is_reachable = True
        due_at = time.monotonic()
        while not self._stopping.is_set():
            is_reachable = self._send(was_reachable=is_reachable)
            # After a wait for Redis there is no sense in catching up on the seconds missed.
            due_at = max(due_at + PERIOD_S, time.monotonic())
            self._stopping.wait(due_at - time.monotonic())
        logger.info("Stopped feeding the dashboard")

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping.set()

    def _send(self, *, was_reachable: bool) -> bool:
        """Send a point; say once when Redis goes away and once when it is back."""
        close_old_connections()  # no request does it here
        try:
            points.send(points.measure())
        except points.ChannelLayerUnreachable as error:
            if was_reachable:
                logger.warning(
                    "The dashboard gets no points: the channel layer is unreachable (%s);"
                    " going on, and saying so when it is back",
                    error,
                )
            return False
        if not was_reachable:
            logger.info("The channel layer is back; the dashboard gets points again")
        return True
