"""Removes what processes have left that are no longer alive. Every process does it."""

import asyncio
import logging
import random
from typing import Final

from ws_service.broker.connection import AsyncBroker
from ws_service.broker.keys import Keys
from ws_service.broker.leases import (
    DEAD_AT_ONCE,
    Renewed,
    bury_answer,
    bury_call,
    sweep_answer,
    sweep_call,
)
from ws_service.broker.presence import reap_answer, reap_call
from ws_service.cancellation import is_ending, pause_until
from ws_service.errors import BrokerUnavailable
from ws_service.hub.lease import Lease
from ws_service.metrics import count

logger = logging.getLogger(__name__)

JITTER_S: Final = 0.5
"""Not all processes at once: mostly one has done it before the others ask."""

RETRY_MS: Final = 1_000


class Reaper:
    """Looks when the first lease ends, which is never while all processes renew theirs.

    After an outage all leases may have ended, and every process needs a moment to come back: who
    may say that another one is dead, and when, is a matter of its ``Contact``.
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
        delays_ms = [
            max(each.next_end_ms, contact.judges_from_ms - each.now_ms)
            for each, contact in zip(renewed, self._lease.contacts, strict=True)
            if each.next_end_ms is not None and contact is not None
        ]
        if any(each.dead for each in renewed):
            delays_ms.append(0)
        self._look_in(delays_ms)

    async def run(self) -> None:
        """Reap for ever."""
        while not is_ending():
            await self._until_due()
            try:
                await self._sweep()
            except BrokerUnavailable as error:
                logger.debug("Nothing can be reaped: %s", error)
                self._look_in([RETRY_MS])
            except (Exception, asyncio.CancelledError):  # nothing but the end may end it
                if is_ending():
                    raise
                logger.exception("What a dead process has left can't be removed")
                self._look_in([RETRY_MS])

    async def _until_due(self) -> None:
        loop = asyncio.get_running_loop()
        while self._due_s is None or loop.time() < self._due_s:
            limit_s = None if self._due_s is None else self._due_s - loop.time()
            await pause_until(self._wake, limit_s)
        self._due_s = None

    def _look_in(self, delays_ms: list[int]) -> None:
        if delays_ms:
            jitter_s = random.uniform(0, min(JITTER_S, self._lease.lease_s / 10))  # noqa: S311
            now_s = asyncio.get_running_loop().time()
            self._due_s = now_s + max(0, min(delays_ms)) / 1000 + jitter_s
            self._wake.set()

    async def _sweep(self) -> None:
        ends_ms: list[int] = []
        for partition, contact in enumerate(self._lease.contacts):
            call = sweep_call(self._keys, partition, contact)
            swept = sweep_answer(await self._broker.run(call))
            for incarnation in swept.dead:
                await self._reap(partition, incarnation)
            if len(swept.dead) >= DEAD_AT_ONCE:
                ends_ms.append(0)
            # One that has ended and could not be judged is looked at after the next renewal.
            elif swept.next_end_ms is not None and swept.next_end_ms > 0:
                ends_ms.append(swept.next_end_ms)
        if self._due_s is None:
            self._look_in(ends_ms)

    async def _reap(self, partition: int, incarnation: str) -> None:
        """A part at a time: others' commands come between."""
        bury = bury_call(self._keys, partition, incarnation)
        while topics := bury_answer(await self._broker.run(bury)):
            cursors = dict.fromkeys(topics, 0)
            while cursors:
                calls = [reap_call(self._keys, incarnation, *each) for each in cursors.items()]
                answers = [reap_answer(each) for each in await self._broker.run_many(calls)]
                cursors = {t: c for t, c in zip(cursors, answers, strict=True) if c}
        logger.info("What %s has left in presence is removed", incarnation)
        count("ws_service_incarnations_reaped_total")
