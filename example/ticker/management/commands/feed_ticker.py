import logging
import signal
import threading
import time
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from example.ticker.prices import Prices
from ws_service import publish, topic_name
from ws_service.errors import BrokerUnavailable

logger = logging.getLogger(__name__)

PERIOD_S = 0.05


class Command(BaseCommand):
    help = "Publish prices twenty times a second, until SIGTERM or Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        self._stopping = threading.Event()
        self._is_away = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        logger.info("Feeding the ticker, every %g s", PERIOD_S)
        prices = Prices()
        due_at = time.monotonic()
        while not self._stopping.is_set():
            # What nobody could be told is no price: the ticker stands still while Redis is away.
            if self._publish(prices):
                prices.move()
            # Nothing is caught up with: of prices only the latest count.
            due_at = max(due_at + PERIOD_S, time.monotonic())
            self._stopping.wait(due_at - time.monotonic())
        logger.info("Stopped feeding the ticker")

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping.set()

    def _publish(self, prices: Prices) -> bool:
        """Whether Redis has them; says once when it goes away and once when it is back."""
        try:
            publish(topic_name("ticker"), prices.as_data(), on_commit=False)
        except BrokerUnavailable as error:
            if not self._is_away:
                logger.warning("The ticker stands still, and goes on when it can: %s", error)
            self._is_away = True
            return False
        if self._is_away:
            logger.info("Redis is back; the ticker runs")
        self._is_away = False
        return True
