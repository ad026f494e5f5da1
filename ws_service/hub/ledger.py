"""What this process says of who is present, and what Redis may not know of it yet."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Final

import msgspec

from ws_service.broker.presence import Entry, State
from ws_service.errors import BrokerUnavailable

Key = tuple[str, str]
"""A topic and a client."""


class _User(msgspec.Struct):
    user: str


_user: Final = msgspec.json.Decoder(_User)


class Member:
    """A client in a topic.

    info: ClientInfo, JSON on one line. tells: whether others are told that it comes and goes.
    is_announced: others are to be told that it has come. is_told: they may have been.
    is_tried: Redis may know of it, since it was sent there.
    written: done when Redis knows of it, or could not be told.
    """

    __slots__ = ("info", "is_announced", "is_told", "is_tried", "tells", "user", "written")

    def __init__(self, info: bytes, tells: bool, written: asyncio.Future[None]) -> None:
        self.info = info
        self.user = msgspec.json.encode(_user.decode(info).user)
        self.tells = tells
        self.is_announced = False
        self.is_told = False
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


Batch = dict[Key, Member | None]
"""What is written together; with the last member that has left, where Redis may know of it."""


class Ledger:
    """What has changed twice before it was written is written once: as it is now.

    Bounded by the subscriptions of the process: of who has left only those are kept of whom Redis
    may know.
    """

    def __init__(self) -> None:
        self._members: dict[str, dict[str, Member]] = {}
        self._new: Batch = {}
        self._changed: Batch = {}
        self._again: deque[Key] = deque()

    @property
    def has_new(self) -> bool:
        """Whether something waits of which nobody is told: who came, or is written again."""
        return bool(self._new or self._again)

    @property
    def has_news(self) -> bool:
        """Whether something waits that others are told."""
        return bool(self._changed)

    @property
    def is_written_again(self) -> bool:
        """Whether everybody was taken since ``write_again()``."""
        return not self._again

    def member(self, key: Key) -> Member | None:
        topic, client = key
        return self._members.get(topic, {}).get(client)

    def everybody(self) -> list[Key]:
        return [(topic, client) for topic, here in self._members.items() for client in here]

    def enter(self, key: Key, member: Member) -> None:
        topic, client = key
        self._members.setdefault(topic, {})[client] = member
        self._new[key] = self._changed.pop(key, None)

    def announce(self, key: Key) -> None:
        member = self.member(key)
        if member is not None and member.tells:
            member.is_announced = True
            self._changed.setdefault(key, None)

    def leave(self, key: Key) -> None:
        """Harmless for who isn't in."""
        topic, client = key
        member = self._members.get(topic, {}).pop(client, None)
        if member is None:
            return
        if not self._members[topic]:
            del self._members[topic]
        member.fail(BrokerUnavailable("it has left before it was in"))
        gone = member if member.is_tried else self._new.pop(key, None)
        self._changed.pop(key, None)
        if gone is not None:
            self._changed[key] = gone

    def write_again(self) -> None:
        """Everybody waits to be taken, behind what has changed."""
        self._again = deque(self.everybody())

    def take(self, limit: int, *, with_news: bool) -> Batch:
        """Some of what waits."""
        batch: Batch = {}
        for waiting in (self._new, self._changed) if with_news else (self._new,):
            while waiting and len(batch) < limit:
                key = next(iter(waiting))
                batch[key] = waiting.pop(key)
        while self._again and len(batch) < limit:
            key = self._again.popleft()
            if self.member(key) is not None:
                batch.setdefault(key, None)
        return batch

    def put_back(self, batch: Batch) -> None:
        """It could not be written, or nobody knows whether it was."""
        for key, gone in batch.items():
            if self.member(key) is not None:
                self._again.append(key)
            elif gone is not None:
                self._changed.setdefault(key, gone)

    def present(self, batch: Batch) -> list[Member]:
        """Those in a batch who are in."""
        return [member for member in map(self.member, batch) if member is not None]

    def entries(self, batch: Batch, *, with_news: bool) -> Mapping[str, list[Entry]]:
        """What is to be written of a batch, by topic."""
        entries: dict[str, list[Entry]] = {}
        for (topic, client), gone in batch.items():
            member = self.member((topic, client))
            if member is not None and with_news:
                member.is_told = member.is_announced
            entries.setdefault(topic, []).append(_entry(client, member, gone))
        return entries


def _entry(client: str, member: Member | None, gone: Member | None) -> Entry:
    if member is not None:
        state = State.ANNOUNCED if member.is_told else State.PRESENT
        return Entry(state, client, member.user, member.info)
    if gone is not None and gone.is_told:
        return Entry(State.GONE_ANNOUNCED, client, gone.user, gone.info)
    return Entry(State.GONE, client, b"", b"")
