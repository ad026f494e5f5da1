"""Tells many subscribers, a few at a time, so that they don't come back all at once."""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Iterable
from typing import Final

from ws_service.hub.subscription import Subscription

logger = logging.getLogger(__name__)

WAVE: Final = 100
INTERVAL_S: Final = 0.05
WAVES: Final = 100
"""In which all are told, however many: nobody waits much longer than five seconds."""


class Waves:
    """Subscriptions that have lost their position and don't know it yet.

    They are detached already, so they get nothing in the meantime. Bounded by the number of
    subscriptions: each is in here once.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._untold: deque[Subscription] = deque()
        self._wave = WAVE
        self._is_rolling = False

    def tell(self, stranded: Iterable[Subscription]) -> None:
        subscriptions = list(stranded)
        random.shuffle(subscriptions)
        self._untold.extend(subscriptions)
        self._wave = max(WAVE, len(self._untold) // WAVES)
        if self._untold and not self._is_rolling:
            self._is_rolling = True
            self._loop.call_soon(self._roll)

    def _roll(self) -> None:
        for _ in range(min(self._wave, len(self._untold))):
            subscription = self._untold.popleft()
            try:
                subscription.subscriber.lose_position(subscription)
            except Exception:  # the others must be told all the same
                logger.exception("A subscription to %r could not be ended", subscription.channel)
        self._is_rolling = bool(self._untold)
        if self._is_rolling:
            pause_s = INTERVAL_S * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load
            self._loop.call_later(pause_s, self._roll)
