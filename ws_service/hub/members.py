"""Who is subscribed to which topic: what this process knows, kept in Redis for everybody."""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

import msgspec

from ws_service.broker.connection import AsyncBroker
from ws_service.broker.keys import Keys
from ws_service.broker.presence import (
    Entry,
    State,
    clients_call,
    read_answer,
    users_call,
    write_answer,
    write_call,
)
from ws_service.broker.scripts import Call
from ws_service.cancellation import is_ending
from ws_service.chunks import in_chunks
from ws_service.errors import BrokerUnavailable
from ws_service.hub.lease import Lease
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

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 1.0

Key = tuple[str, str]
"""A topic and a client."""


class _Member:
    """A client in a topic.

    is_tried: Redis may know of it, since it was sent there.
    written: what ``enter()`` waits for; None when it is there or has failed.
    """

    __slots__ = ("info", "is_announced", "is_tried", "tells", "user", "written")

    def __init__(self, info: bytes, tells: bool, written: asyncio.Future[None]) -> None:
        self.info = info
        self.user = msgspec.json.encode(msgspec.json.decode(info, type=_User).user)
        self.tells = tells
        self.is_announced = False
        self.is_tried = False
        self.written: asyncio.Future[None] | None = written

    def succeed(self) -> None:
        written, self.written = self.written, None
        if written is not None and not written.done():
            written.set_result(None)

    def fail(self, error: BrokerUnavailable) -> None:
        written, self.written = self.written, None
        if written is not None and not written.done():
            written.set_exception(error)
            written.exception()  # who waits for it may have gone


class _User(msgspec.Struct):
    user: str


class Members:
    """What is wanted is written down here at once; one task makes Redis agree with it, much in one
    round trip, again and again while Redis is away. So nothing that happens meanwhile is lost, and
    of what has changed twice only the end is sent.

    Bounded by the subscriptions of the process.
    """

    def __init__(self, broker: AsyncBroker, keys: Keys, lease: Lease, reaper: Reaper) -> None:
        self._broker = broker
        self._keys = keys
        self._lease = lease
        self._reaper = reaper
        self._wanted: dict[str, dict[str, _Member]] = {}
        # With the last one that has left, where Redis may still know of it.
        self._dirty: dict[Key, _Member | None] = {}
        self._again: deque[Key] = deque()
        self._batch: dict[Key, _Member | None] = {}
        self._former: list[str] = []
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
        self.leave(topic, client)
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        member = _Member(info, tells, written)
        self._wanted.setdefault(topic, {})[client] = member
        self._mark((topic, client), self._dirty.get((topic, client)))
        try:
            async with asyncio.timeout(ENTER_LIMIT_S):
                await written
        except BaseException as error:
            if self._member((topic, client)) is member:
                self.leave(topic, client)
            if isinstance(error, TimeoutError):
                raise BrokerUnavailable("presence could not be written in time") from error
            raise

    def announce(self, topic: str, client: str) -> None:
        """Tell subscribers that a client has come, if it tells."""
        member = self._member((topic, client))
        if member is not None and member.tells:
            member.is_announced = True
            self._mark((topic, client), self._dirty.get((topic, client)))

    def leave(self, topic: str, client: str) -> None:
        """A client is no longer subscribed; harmless if it wasn't. Subscribers who were told that
        it came are told that it has gone.
        """
        key = (topic, client)
        member = self._wanted.get(topic, {}).pop(client, None)
        if member is None:
            return
        if not self._wanted[topic]:
            del self._wanted[topic]
        member.fail(BrokerUnavailable("it has left before it was in"))
        if member.is_tried:
            self._mark(key, member)
        elif self._dirty.get(key) is None:
            self._dirty.pop(key, None)

    # --- what everybody knows ------------------------------------------------------------

    async def present(self, topic: str) -> dict[str, bytes]:
        """ClientInfo of all clients of a topic, of all processes. Raises BrokerUnavailable.

        A large topic is read a part at a time: who comes or goes meanwhile may be missing.
        """
        return await self._read(topic, clients_call)

    async def stats(self, topic: str) -> tuple[int, int]:
        """How many clients and how many different users a topic has. Raises BrokerUnavailable."""
        users = await self._read(topic, users_call)
        return len(users), len(set(users.values()))

    async def _read(self, topic: str, call: Callable[[Keys, str, int], Call]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        cursor = 0
        while True:
            answer = await self._broker.run(call(self._keys, topic, cursor))
            cursor, part = read_answer(answer)
            found.update(part)
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
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311
            pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)

    async def close(self) -> None:
        """Give everything back; everybody is told, if Redis is there."""
        self._is_closed = True
        for topic, client in self._all():
            self.leave(topic, client)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await self._is_idle.wait()
        with suppress(BrokerUnavailable):
            await self._lease.close()

    def replace(self, former: str, was_lost: bool) -> None:
        """This process is another incarnation now: it writes everything again, and what is left of
        the former one then is nobody's.
        """
        self._former.append(former)
        self._write_again(was_lost)

    def _write_again(self, was_lost: bool) -> None:
        """was_lost: what is missing in Redis was lost there; nobody was told that it has gone."""
        self._was_lost = was_lost
        self._again = deque(self._all())
        self._again_s = asyncio.get_running_loop().time() + AGAIN_INTERVAL_S
        self._is_idle.clear()
        self._wake.set()

    def _mark(self, key: Key, gone: _Member | None) -> None:
        self._dirty[key] = gone
        self._is_idle.clear()
        self._wake.set()

    def _member(self, key: Key) -> _Member | None:
        topic, client = key
        return self._wanted.get(topic, {}).get(client)

    def _all(self) -> list[Key]:
        return [(topic, client) for topic, here in self._wanted.items() for client in here]

    async def _until_due(self) -> None:
        while not (self._batch or self._dirty or self._again or self._former):
            self._is_idle.set()
            self._wake.clear()
            try:
                async with asyncio.timeout_at(self._again_s):
                    await self._wake.wait()
            except TimeoutError:
                return

    async def _round(self) -> None:
        """One round trip. Raises BrokerUnavailable; the next round then writes the same clients."""
        if asyncio.get_running_loop().time() >= self._again_s:
            self._write_again(was_lost=True)
        await self._lease.is_taken.wait()
        self._fill()
        if self._batch:
            await self._write()
        if not self._batch and not self._again:
            await self._end_former()
            self._was_lost = False

    def _fill(self) -> None:
        while self._dirty and len(self._batch) < ENTRIES_A_ROUND:
            key = next(iter(self._dirty))
            self._batch[key] = self._dirty.pop(key)
        while self._again and len(self._batch) < ENTRIES_A_ROUND:
            key = self._again.popleft()
            if self._member(key) is not None:
                self._batch.setdefault(key, None)

    async def _write(self) -> None:
        assert self._lease.incarnation is not None  # noqa: S101 - it is taken
        members = [member for member in map(self._member, self._batch) if member is not None]
        for member in members:
            member.is_tried = True
        calls = list(self._calls(self._lease.incarnation))
        try:
            answers = await self._broker.run_many(calls)
        except BrokerUnavailable as error:
            for member in members:
                member.fail(error)
            raise
        if not all(map(write_answer, answers)):
            self._lease.doubt()
            return
        self._batch = {}
        for member in members:
            member.succeed()

    def _calls(self, incarnation: str) -> Iterator[Call]:
        entries: dict[str, list[Entry]] = {}
        for (topic, client), gone in self._batch.items():
            member = self._member((topic, client))
            entries.setdefault(topic, []).append(_entry(client, member, gone))
        for topic, here in entries.items():
            for part in in_chunks(here, ENTRIES_A_CALL):
                yield write_call(self._keys, incarnation, topic, part, was_lost=self._was_lost)

    async def _end_former(self) -> None:
        """What is left of them now is nobody's."""
        for incarnation in self._former.copy():
            await self._lease.end(incarnation)
            self._former.remove(incarnation)
            self._reaper.look_soon()


def _entry(client: str, member: _Member | None, gone: _Member | None) -> Entry:
    if member is not None:
        state = State.ANNOUNCED if member.is_announced else State.PRESENT
        return Entry(state, client, member.user, member.info)
    if gone is not None and gone.is_announced:
        return Entry(State.GONE_ANNOUNCED, client, gone.user, gone.info)
    return Entry(State.GONE, client, b"", b"")
