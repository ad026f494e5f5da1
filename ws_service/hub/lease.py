"""Says to Redis that this process is alive: one lease, whatever number of clients it has."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Final

from ws_service.broker.connection import AsyncBroker
from ws_service.broker.keys import Keys
from ws_service.broker.leases import Contact, Renewed, end_call, renew_answer, renew_call
from ws_service.cancellation import is_ending, pause_until
from ws_service.errors import BrokerUnavailable
from ws_service.node import node_id

logger = logging.getLogger(__name__)

LEASE_S: Final = 15.0
RENEWALS_A_LEASE: Final = 3

_LONGEST_PAUSE_S: Final = 1.0


class Lease:
    """Kept by ``run()`` in every partition.

    lease_s: how long the process counts as alive after its last renewal.
    node_info: JSON that the process says of itself.
    former: earlier incarnations that are kept until ``end()``, where Redis still knows them.
    contacts: what it may say of others, by partition.
    back_since_s: since when, by the loop's clock, Redis answers again or is another one; None while
        it does not answer.
    incarnation: under which name the process is alive; None before the first renewal.
    on_renewed: called after each renewal with the answers of all partitions.
    on_replaced: called when the incarnation is another one, with whether data were lost: the lease
        had ended, or Redis came back as another one.
    """

    def __init__(
        self, broker: AsyncBroker, keys: Keys, lease_s: float, node_info: Callable[[], bytes]
    ) -> None:
        self._broker = broker
        self._keys = keys
        self.lease_s = lease_s
        self._node_info = node_info
        self._node = b"{}"
        self._wake = asyncio.Event()
        self._is_away = False
        self._is_closed = False
        self._identities: tuple[str, ...] = ()
        self.incarnation: str | None = None
        self.former: list[str] = []
        self.contacts: list[Contact | None] = [None] * keys.partitions
        self.back_since_s: float | None = float("-inf")
        self.is_taken = asyncio.Event()
        self.on_renewed: Callable[[list[Renewed]], None] = lambda _: None
        self.on_replaced: Callable[[bool], None] = lambda _: None

    async def run(self) -> None:
        """Renew until it is closed."""
        while not (self._is_closed or is_ending()):
            pause_s = self.lease_s / RENEWALS_A_LEASE
            try:
                await self._renew()
            except BrokerUnavailable as error:
                self._lose_contact()
                pause_s = min(_LONGEST_PAUSE_S, pause_s / 2)
                if not self._is_away:
                    logger.warning("Presence can't be renewed: %s", error)
                self._is_away = True
            except (Exception, asyncio.CancelledError):  # else all clients would seem to be gone
                if is_ending():
                    raise
                self._lose_contact()
                logger.exception("Presence can't be renewed")
            else:
                self._is_away = False
            await pause_until(self._wake, pause_s)

    def renew_now(self) -> None:
        """Redis was away, and may be another one now."""
        self._wake.set()

    def suspect(self) -> None:
        """Redis has not answered somebody else: see whether it is there."""
        self._lose_contact()
        self.renew_now()

    def doubt(self) -> None:
        """Redis does not know our lease: nothing can be written under it."""
        self.is_taken.clear()
        self.renew_now()

    async def close(self) -> None:
        """End the lease; what is left is for others to reap. Raises BrokerUnavailable."""
        self._is_closed = True
        if self.incarnation is not None:
            await self.end(self.incarnation)

    async def end(self, incarnation: str) -> None:
        """End an incarnation. Raises BrokerUnavailable."""
        calls = [end_call(self._keys, each, incarnation) for each in self._partitions]
        await self._broker.run_many(calls)
        if incarnation in self.former:
            self.former.remove(incarnation)

    @property
    def _partitions(self) -> range:
        return range(self._keys.partitions)

    async def _renew(self) -> None:
        renewed = await self._ask(self.incarnation, is_new=False) if self.incarnation else []
        is_lost = tuple(each.identity for each in renewed) != self._identities
        if not renewed or is_lost or not all(each.is_held for each in renewed):
            renewed = await self._take(is_lost=is_lost)
        lease_ms = round(self.lease_s * 1000)
        self.contacts = [
            Contact.after(new, before, lease_ms)
            for new, before in zip(renewed, self.contacts, strict=True)
        ]
        if self.back_since_s is None:
            self.back_since_s = asyncio.get_running_loop().time()
        self.is_taken.set()
        self.on_renewed(renewed)

    async def _take(self, *, is_lost: bool) -> list[Renewed]:
        """Be a new incarnation."""
        # A new name for each attempt: one that failed may have taken a lease, which then ends.
        incarnation = f"{node_id()}.{secrets.token_hex(4)}"
        renewed = await self._ask(incarnation, is_new=True)
        former, self.incarnation = self.incarnation, incarnation
        self._identities = tuple(each.identity for each in renewed)
        if former is not None:
            self.back_since_s = asyncio.get_running_loop().time()
            self.former.append(former)
            self.renew_now()
            logger.info("Presence is written again: %s", _why(is_lost))
            self.on_replaced(is_lost)
        return renewed

    async def _ask(self, incarnation: str, *, is_new: bool) -> list[Renewed]:
        lease_ms = round(self.lease_s * 1000)
        node = self._describe()
        calls = [
            renew_call(self._keys, each, incarnation, lease_ms, node, is_new=is_new)
            for each in self._partitions
        ]
        calls += [
            renew_call(self._keys, each, former, lease_ms, b"", is_new=False)
            for each in self._partitions
            for former in self.former
        ]
        answers = await self._broker.run_many(calls)
        return [renew_answer(answer) for answer in answers[: len(self._partitions)]]

    def _describe(self) -> bytes:
        try:
            self._node = self._node_info()
        except Exception:  # what is said of the process is not worth its clients' presence
            logger.exception("This process can't describe itself")
        return self._node

    def _lose_contact(self) -> None:
        self.contacts = [None] * len(self.contacts)
        self.back_since_s = None


def _why(is_lost: bool) -> str:
    if is_lost:
        return "Redis is another one now, or has lost its data"
    return "this process was not heard for longer than its lease"
