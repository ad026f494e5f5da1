"""Removes what processes have left that are no longer alive. Every process does it."""

import asyncio
import logging
import random
from contextlib import suppress
from typing import Final

from ws_service.broker.connection import AsyncBroker
from ws_service.broker.keys import Keys
from ws_service.broker.leases import (
    Renewed,
    bury_answer,
    bury_call,
    sweep_answer,
    sweep_call,
)
from ws_service.broker.presence import reap_answer, reap_call
from ws_service.cancellation import is_ending
from ws_service.errors import BrokerUnavailable
from ws_service.hub.lease import Lease
from ws_service.metrics import count

logger = logging.getLogger(__name__)

JITTER_S: Final = 0.5
"""Not all processes at once: mostly one has done it before the others ask."""

RETRY_S: Final = 1.0


class Reaper:
    """Looks when the first lease ends, which is never while all processes renew theirs.

    It ends others' leases only when it was in contact with the same Redis for a whole lease: after
    an outage every process needs a moment to come back.
    """

    def __init__(self, broker: AsyncBroker, keys: Keys, lease: Lease) -> None:
        self._broker = broker
        self._keys = keys
        self._lease = lease
        self._wake = asyncio.Event()
        self._due_s: float | None = None

    def look_soon(self) -> None:
        """Somebody has ended."""
        self._due_s = asyncio.get_running_loop().time()
        self._wake.set()

    def on_renewed(self, renewed: list[Renewed]) -> None:
        """Know when to look."""
        if any(each.dead for each in renewed):
            self._look_in(0.0)
        else:
            self._look_after([each.next_end_ms for each in renewed])

    async def run(self) -> None:
        """Reap for ever."""
        while True:
            await self._until_due()
            try:
                await self._sweep()
            except BrokerUnavailable as error:
                logger.debug("Nothing can be reaped: %s", error)
                self._look_in(RETRY_S)
            except (Exception, asyncio.CancelledError):  # nothing but the end may end it
                if is_ending():
                    raise
                logger.exception("What a dead process has left can't be removed")
                self._look_in(RETRY_S)

    async def _until_due(self) -> None:
        loop = asyncio.get_running_loop()
        while self._due_s is None or loop.time() < self._due_s:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._due_s):
                    await self._wake.wait()
            self._wake.clear()
        self._due_s = None

    def _look_in(self, delay_s: float) -> None:
        jitter_s = min(JITTER_S, self._lease.lease_s / 10)
        now_s = asyncio.get_running_loop().time()
        self._due_s = now_s + delay_s + random.uniform(0, jitter_s)  # noqa: S311
        self._wake.set()

    def _look_after(self, ends_ms: list[int | None]) -> None:
        ends_s = [max(0, end_ms) / 1000 for end_ms in ends_ms if end_ms is not None]
        if ends_s:
            self._look_in(max(min(ends_s), self._lease.lease_s - self._lease.in_contact_s()))

    async def _sweep(self) -> None:
        may_judge = self._lease.in_contact_s() >= self._lease.lease_s
        ends_ms = []
        for partition, identity in enumerate(self._lease.identities):
            call = sweep_call(self._keys, partition, identity if may_judge else "")
            swept = sweep_answer(await self._broker.run(call))
            ends_ms.append(swept.next_end_ms)
            for incarnation in swept.dead:
                logger.info("Presence: %s is no longer alive", incarnation)
                await self._reap(partition, incarnation)
        if self._due_s is None:
            self._look_after(ends_ms)

    async def _reap(self, partition: int, incarnation: str) -> None:
        """A part at a time: others' commands come between, and so does our event loop."""
        bury = bury_call(self._keys, partition, incarnation)
        while topics := bury_answer(await self._broker.run(bury)):
            cursors = dict.fromkeys(topics, 0)
            while cursors:
                calls = [reap_call(self._keys, incarnation, *each) for each in cursors.items()]
                answers = [reap_answer(each) for each in await self._broker.run_many(calls)]
                cursors = {t: c for t, c in zip(cursors, answers, strict=True) if c}
        count("ws_service_incarnations_reaped_total")
