"""A message to ourselves through the channel layer, the proof that it works."""

import asyncio
import logging
import secrets
import time
from dataclasses import dataclass
from typing import Any, Final

from channels.layers import get_channel_layer

from ws_service.outage import in_words

logger = logging.getLogger(__name__)

FRESH_S: Final = 2.0
"""A result this young answers without another round trip."""
TIME_LIMIT_S: Final = 2.0
"""A round trip that takes longer is a failure."""
NO_ANSWER: Final = f"no answer within {TIME_LIMIT_S:g} s"


@dataclass(frozen=True, slots=True)
class LayerReport:
    """The result of one round trip. ``at_s`` is on the monotonic clock."""

    is_working: bool
    text: str
    at_s: float
    round_trip_s: float | None = None


class LayerCanary:
    """One round trip at a time, however many probes ask; never older than FRESH_S."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self._channel: str | None = None
        self._report: LayerReport | None = None
        self._running: asyncio.Task[LayerReport] | None = None

    async def report(self) -> LayerReport:
        """The latest result if it is fresh, else the one of a new round trip.

        Never raises and never takes longer than TIME_LIMIT_S, also when the layer hangs.
        """
        if self._report is not None and time.monotonic() - self._report.at_s < FRESH_S:
            return self._report
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._attempt())
        # wait() leaves the task alone at the time limit: its own clean-up may hang as well.
        await asyncio.wait([self._running], timeout=TIME_LIMIT_S)
        if self._running.done():
            return self._running.result()
        return LayerReport(False, NO_ANSWER, time.monotonic())

    async def _attempt(self) -> LayerReport:
        started_s = time.monotonic()
        try:
            layer = get_channel_layer(self.alias)
            if layer is None:
                self._report = LayerReport(True, "none is configured", started_s)
                return self._report
            async with asyncio.timeout(TIME_LIMIT_S):
                await self._round_trip(layer)
        except Exception as error:  # noqa: BLE001 - any layer, any failure: the report names it
            words = NO_ANSWER if isinstance(error, TimeoutError) else in_words(error)
            logger.warning("The channel layer failed its round trip: %s", words)
            self._report = LayerReport(False, words, time.monotonic())
        else:
            now_s = time.monotonic()
            self._report = LayerReport(True, "ok", now_s, now_s - started_s)
        return self._report

    async def _round_trip(self, layer: Any) -> None:
        nonce = secrets.token_hex(8)
        message = {"type": "ws_service.canary", "nonce": nonce}
        if self._channel is None:
            # To nobody, first: new_channel() keeps what it made also when it fails, and while
            # Redis is away that would be one more with every probe.
            await layer.send("ws_service.canary", message)
            self._channel = await layer.new_channel()
        await layer.send(self._channel, message)
        try:
            # An answer that came too late for an earlier attempt may still be queued.
            while (await layer.receive(self._channel)).get("nonce") != nonce:
                pass
        except BaseException:
            self._channel = None  # a layer takes the channel of a cancelled receive back
            raise
