"""Who is subscribed to which topic: what this process knows, kept in Redis for everybody."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from math import inf
from typing import Final

from ws_service.broker.connection import AsyncBroker
from ws_service.broker.keys import Keys
from ws_service.broker.presence import (
    Entry,
    clients_call,
    read_answer,
    users_call,
    write_answer,
    write_call,
)
from ws_service.broker.scripts import Call
from ws_service.cancellation import is_ending, pause, pause_until
from ws_service.chunks import in_chunks
from ws_service.errors import BrokerUnavailable, TooManyPresent
from ws_service.hub.lease import Lease
from ws_service.hub.ledger import Batch, Ledger, Member
from ws_service.hub.reaper import Reaper

logger = logging.getLogger(__name__)

ENTER_LIMIT_S: Final = 3.0
"""Of the time that a subscription may take."""

CLOSE_LIMIT_S: Final = 3.0
"""For giving everything back; what is left then is reaped by other processes."""

ENTRIES_A_ROUND: Final = 5_000
"""Written in one round trip."""

ENTRIES_A_CALL: Final = 250
"""Written in one step of Redis, which does nothing else meanwhile."""

AGAIN_INTERVAL_S: Final = 6 * 3600.0
"""Everything is written again: keys expire after a day, and a Redis short of memory evicts."""

HEARING_S: Final = 3.0
"""After an outage processes need so long until they hear each other again."""

_HEARING_INTERVAL_S: Final = 0.1
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 1.0


class Members:
    """What is wanted is written down here at once; one task makes Redis agree with it, much in one
    round trip, again and again while Redis is away. So nothing that happens meanwhile is lost, and
    of what has changed twice only the end is sent.

    Joins and leaves follow from what Redis held before (``presence_write.lua``).
    """

    def __init__(self, broker: AsyncBroker, keys: Keys, lease: Lease, reaper: Reaper) -> None:
        self._broker = broker
        self._keys = keys
        self._lease = lease
        self._reaper = reaper
        self._ledger = Ledger()
        self._again_s = asyncio.get_running_loop().time() + AGAIN_INTERVAL_S
        self._was_lost = False
        self._wake = asyncio.Event()
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._is_away = False
        self._is_closed = False

    # --- what is wanted ------------------------------------------------------------------

    async def enter(self, topic: str, client: str, info: bytes, *, tells: bool) -> None:
        """A client is subscribed: returns when everybody can know.

        info: ClientInfo, JSON on one line. tells: whether subscribers are told that it comes
        (by ``announce()``) and goes. Raises BrokerUnavailable; the client is not in then.
        """
        if self._is_closed:
            raise BrokerUnavailable("this process is about to end")
        key = topic, client
        self._ledger.leave(key)
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        member = Member(info, tells, written)
        self._ledger.enter(key, member)
        self._write_soon()
        try:
            async with asyncio.timeout(ENTER_LIMIT_S):
                await written
        except BaseException as error:
            if self._ledger.member(key) is member:
                self.leave(topic, client)
            if isinstance(error, TimeoutError):
                raise BrokerUnavailable("presence could not be written in time") from error
            raise

    def announce(self, topic: str, client: str) -> None:
        """Tell subscribers that a client has come, if it tells."""
        self._ledger.announce((topic, client))
        self._write_soon()

    def leave(self, topic: str, client: str) -> None:
        """A client is no longer subscribed; harmless if it wasn't. Subscribers who were told that
        it came are told that it has gone.
        """
        self._ledger.leave((topic, client))
        self._write_soon()

    # --- what everybody knows ------------------------------------------------------------

    async def present(self, topic: str, limit_bytes: float = inf) -> dict[str, bytes]:
        """ClientInfo of all clients of a topic, of all processes.

        A large topic is read a part at a time: who comes or goes meanwhile may be missing.
        Raises BrokerUnavailable, and TooManyPresent past the limit, without reading the rest.
        """
        return await self._read(topic, clients_call, limit_bytes)

    async def stats(self, topic: str) -> tuple[int, int]:
        """How many clients and how many different users a topic has. Raises BrokerUnavailable."""
        users = await self._read(topic, users_call)
        return len(users), len(set(users.values()))

    async def _read(
        self, topic: str, call: Callable[[Keys, str, int], Call], limit_bytes: float = inf
    ) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        cursor = size = 0
        while True:
            answer = await self._broker.run(call(self._keys, topic, cursor))
            cursor, part = read_answer(answer)
            found.update(part)
            size += sum(len(client) + len(info) for client, info in part.items())
            if size > limit_bytes:
                raise TooManyPresent(topic)
            if not cursor:
                return found

    # --- making Redis agree --------------------------------------------------------------

    async def run(self) -> None:
        """Keep Redis up to date for ever."""
        pause_s = _FIRST_PAUSE_S
        while not is_ending():
            await self._until_due()
            try:
                await self._round()
            except BrokerUnavailable as error:
                if not self._is_away:
                    logger.warning("Presence can't be written: %s", error)
                self._is_away = True
                self._lease.suspect()
                if self._is_closed:  # nobody will wait for it
                    self._is_idle.set()
            except (Exception, asyncio.CancelledError):  # nothing but the end may end it
                if is_ending():
                    raise
                logger.exception("Presence can't be written")
            else:
                self._is_away = False
                pause_s = _FIRST_PAUSE_S
                continue
            await pause(pause_s * random.uniform(0.5, 1.0))  # noqa: S311
            pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)

    async def close(self) -> None:
        """Give everything back; everybody is told, if Redis is there."""
        self._is_closed = True
        for topic, client in self._ledger.everybody():
            self.leave(topic, client)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await self._is_idle.wait()
        with suppress(BrokerUnavailable):
            await self._lease.close()

    def write_again(self, was_lost: bool) -> None:
        """This process is another incarnation now, or Redis may have forgotten something.

        was_lost: what is missing in Redis was lost there; nobody was told that it has gone.
        """
        self._was_lost = was_lost
        self._ledger.write_again()
        self._again_s = asyncio.get_running_loop().time() + AGAIN_INTERVAL_S
        self._write_soon()

    def _write_soon(self) -> None:
        self._is_idle.clear()
        self._wake.set()

    async def _until_due(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._ledger.has_new and loop.time() < self._again_s:
            due_s = self._again_s
            if self._ledger.has_news or self._lease.former:
                if self._is_heard():
                    return
                due_s = loop.time() + _HEARING_INTERVAL_S
            else:
                self._is_idle.set()
            self._wake.clear()
            await pause_until(self._wake, due_s - loop.time())

    def _is_heard(self) -> bool:
        """Whether others hear by now who has come or gone; at the end nobody waits for that."""
        since_s = self._lease.back_since_s
        now_s = asyncio.get_running_loop().time()
        return self._is_closed or (since_s is not None and now_s >= since_s + HEARING_S)

    async def _round(self) -> None:
        """One round trip. Raises BrokerUnavailable; what was not written waits again then."""
        if asyncio.get_running_loop().time() >= self._again_s:
            self.write_again(was_lost=True)
        await self._lease.is_taken.wait()
        is_heard = self._is_heard()
        batch = self._ledger.take(ENTRIES_A_ROUND, with_news=is_heard)
        if batch:
            await self._write(batch, with_news=is_heard)
        if is_heard and self._ledger.is_written_again:
            await self._end_former()
            self._was_lost = False

    async def _write(self, batch: Batch, *, with_news: bool) -> None:
        assert self._lease.incarnation is not None  # noqa: S101 - it is taken
        members = self._ledger.present(batch)
        for member in members:
            member.is_tried = True
        entries = self._ledger.entries(batch, with_news=with_news)
        calls = list(self._calls(self._lease.incarnation, entries))
        try:
            has_lease = all(map(write_answer, await self._broker.run_many(calls)))
        except BaseException as error:
            self._ledger.put_back(batch)
            if isinstance(error, BrokerUnavailable):
                for member in members:
                    member.fail(error)
            raise
        if has_lease:
            for member in members:
                member.succeed()
        else:
            self._ledger.put_back(batch)
            self._lease.doubt()

    def _calls(self, incarnation: str, entries: Mapping[str, list[Entry]]) -> Iterator[Call]:
        for topic, here in entries.items():
            for part in in_chunks(here, ENTRIES_A_CALL):
                yield write_call(self._keys, incarnation, topic, part, was_lost=self._was_lost)

    async def _end_former(self) -> None:
        """What is left of earlier incarnations now is nobody's."""
        for incarnation in self._lease.former.copy():
            await self._lease.end(incarnation)
            self._reaper.look_soon()
