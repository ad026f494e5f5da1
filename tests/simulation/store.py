"""The data of a simulated Redis: what the scripts of the broker need, by the commands' own names.

Bytes in, bytes out, as on the wire; ``None`` is nil. Time is the simulation's.
"""

import copy
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

Hash = dict[bytes, bytes]
SortedSet = dict[bytes, float]


@dataclass(slots=True)
class Stream:
    """Entries by the first half of their id, which is an offset here."""

    offsets: list[int] = field(default_factory=list)
    entries: dict[int, list[bytes]] = field(default_factory=dict)


class WrongCommand(Exception):
    """Redis would answer an error."""


@dataclass(slots=True)
class _Kept:
    value: Any
    due_ms: float = inf


class Store:
    """One database.

    now_ms: the clock. publish: what the command PUBLISH calls.
    """

    def __init__(self, now_ms: Callable[[], float], publish: Callable[[bytes, bytes], int]) -> None:
        self._now_ms = now_ms
        self._publish = publish
        self._kept: dict[bytes, _Kept] = {}
        self.identity = {b"server": b"", b"replication": b""}

    def call(self, *command: bytes) -> Any:
        """Run one command. Raises WrongCommand."""
        run = _COMMANDS.get(command[0].upper())
        if run is None:
            raise WrongCommand(f"unknown command {command[0]!r}")
        return run(self, *command[1:])

    def read(self, *command: bytes) -> Any:
        """The same on a replica. Raises WrongCommand for what would write."""
        if command[0].upper() not in _READING:
            raise WrongCommand("READONLY You can't write against a read only replica.")
        return self.call(*command)

    # --- the whole --------------------------------------------------------------------------

    def copy(self) -> dict[bytes, Any]:
        """As a snapshot has it."""
        return copy.deepcopy(self._kept)

    def load(self, snapshot: dict[bytes, Any]) -> None:
        self._kept = copy.deepcopy(snapshot)

    def keys(self) -> list[bytes]:
        return [key for key in list(self._kept) if self._alive(key)]

    def delete(self, key: bytes) -> bool:
        return self._kept.pop(key, None) is not None

    def value(self, key: bytes, kind: type) -> Any:
        """Without making it; ``None`` where there is none."""
        kept = self._alive(key)
        if kept is None:
            return None
        if not isinstance(kept.value, kind):
            raise WrongCommand("WRONGTYPE Operation against a key holding the wrong kind of value")
        return kept.value

    def _alive(self, key: bytes) -> _Kept | None:
        kept = self._kept.get(key)
        if kept is not None and kept.due_ms <= self._now_ms():
            del self._kept[key]
            return None
        return kept

    def _made(self, key: bytes, kind: type) -> Any:
        value = self.value(key, kind)
        if value is None:
            value = kind()
            self._kept[key] = _Kept(value)
        return value

    def _drop_if_empty(self, key: bytes, value: Hash | SortedSet) -> None:
        if not value:
            self.delete(key)

    # --- commands ---------------------------------------------------------------------------

    def _del(self, *keys: bytes) -> int:
        return sum(self._alive(key) is not None and self.delete(key) for key in keys)

    def _exists(self, key: bytes) -> int:
        return int(self._alive(key) is not None)

    def _get(self, key: bytes) -> bytes | None:
        value: bytes | None = self.value(key, bytes)
        return value

    def _set(self, key: bytes, value: bytes, *options: bytes) -> bytes | None:
        words = [option.upper() for option in options]
        if b"NX" in words and self._alive(key):
            return None
        kept = self._kept[key] = _Kept(value)
        if b"PX" in words:
            kept.due_ms = self._now_ms() + int(options[words.index(b"PX") + 1])
        return b"OK"

    def _incr(self, key: bytes) -> int:
        number = int(self._get(key) or 0) + 1
        kept = self._alive(key)
        self._kept[key] = _Kept(b"%d" % number, kept.due_ms if kept else inf)
        return number

    def _pexpire(self, key: bytes, ms: bytes) -> int:
        kept = self._alive(key)
        if kept is not None:
            kept.due_ms = self._now_ms() + int(ms)
        return int(kept is not None)

    def _pttl(self, key: bytes) -> int:
        kept = self._alive(key)
        if kept is None:
            return -2
        return -1 if kept.due_ms == inf else int(kept.due_ms - self._now_ms())

    def _time(self) -> list[bytes]:
        now_ms = self._now_ms()
        return [b"%d" % (now_ms // 1000), b"%d" % (now_ms % 1000 * 1000)]

    def _info(self, section: bytes) -> bytes:
        return self.identity[section.lower()]

    def _publish_to(self, channel: bytes, message: bytes) -> int:
        return self._publish(channel, message)

    def _hset(self, key: bytes, *pairs: bytes) -> int:
        found: Hash = self._made(key, dict)
        before = len(found)
        found.update(zip(pairs[::2], pairs[1::2], strict=True))
        return len(found) - before

    def _hget(self, key: bytes, name: bytes) -> bytes | None:
        return self._hash(key).get(name)

    def _hmget(self, key: bytes, *names: bytes) -> list[bytes | None]:
        found = self._hash(key)
        return [found.get(name) for name in names]

    def _hdel(self, key: bytes, *names: bytes) -> int:
        found = self._hash(key)
        gone = sum(found.pop(name, None) is not None for name in names)
        self._drop_if_empty(key, found)
        return gone

    def _hincrby(self, key: bytes, name: bytes, by: bytes) -> int:
        found: Hash = self._made(key, dict)
        found[name] = b"%d" % (int(found.get(name, 0)) + int(by))
        return int(found[name])

    def _hscan(self, key: bytes, cursor: bytes, *_: bytes) -> list[Any]:
        """All of it at once."""
        return [b"0", [each for pair in self._hash(key).items() for each in pair]]

    def _hash(self, key: bytes) -> Hash:
        found: Hash | None = self.value(key, dict)
        return {} if found is None else found

    def _zadd(self, key: bytes, *words: bytes) -> int:
        options = {word for word in words if word in (b"NX", b"XX", b"GT", b"LT")}
        pairs = [word for word in words if word not in options]
        found: SortedSet = self._made(key, dict)
        added = 0
        for score, member in zip(pairs[::2], pairs[1::2], strict=True):
            if b"NX" in options and member in found:
                continue
            added += member not in found
            found[member] = float(score)
        return added

    def _zrem(self, key: bytes, *members: bytes) -> int:
        found = self._sorted_set(key)
        gone = sum(found.pop(member, None) is not None for member in members)
        self._drop_if_empty(key, found)
        return gone

    def _zcard(self, key: bytes) -> int:
        return len(self._sorted_set(key))

    def _zscore(self, key: bytes, member: bytes) -> bytes | None:
        score = self._sorted_set(key).get(member)
        return None if score is None else _score(score)

    def _zrange(self, key: bytes, first: bytes, last: bytes, *options: bytes) -> list[bytes]:
        ranked = self._ranked(key)[_slice(first, last)]
        return _listed(ranked, b"WITHSCORES" in options)

    def _zrevrange(self, key: bytes, first: bytes, last: bytes, *options: bytes) -> list[bytes]:
        ranked = self._ranked(key)[::-1][_slice(first, last)]
        return _listed(ranked, b"WITHSCORES" in options)

    def _zrangebyscore(self, key: bytes, low: bytes, high: bytes, *options: bytes) -> list[bytes]:
        ranked = [
            (member, score)
            for member, score in self._ranked(key)
            if _is_above(score, low) and not _is_above(score, high, or_at=False)
        ]
        if b"LIMIT" in options:
            at = options.index(b"LIMIT")
            skipped, count = int(options[at + 1]), int(options[at + 2])
            ranked = ranked[skipped : skipped + count if count >= 0 else None]
        return _listed(ranked, b"WITHSCORES" in options)

    def _zremrangebyrank(self, key: bytes, first: bytes, last: bytes) -> int:
        found = self._sorted_set(key)
        gone = self._ranked(key)[_slice(first, last)]
        for member, _ in gone:
            del found[member]
        self._drop_if_empty(key, found)
        return len(gone)

    def _sorted_set(self, key: bytes) -> SortedSet:
        found: SortedSet | None = self.value(key, dict)
        return {} if found is None else found

    def _ranked(self, key: bytes) -> list[tuple[bytes, float]]:
        return sorted(self._sorted_set(key).items(), key=lambda each: (each[1], each[0]))

    def _xadd(self, key: bytes, maxlen: bytes, size: bytes, entry: bytes, *fields: bytes) -> bytes:
        if maxlen != b"MAXLEN":
            raise WrongCommand("syntax error")
        stream: Stream = self._made(key, Stream)
        offset = int(entry.partition(b"-")[0])
        if stream.offsets and offset <= stream.offsets[-1]:
            raise WrongCommand("The ID specified in XADD is equal or smaller than the target's")
        stream.offsets.append(offset)
        stream.entries[offset] = list(fields)
        while len(stream.offsets) > int(size):
            del stream.entries[stream.offsets.pop(0)]
        return entry

    def _xrange(self, key: bytes, first: bytes, last: bytes, *options: bytes) -> list[Any]:
        return self._entries(key, first, last)[: _count(options)]

    def _xrevrange(self, key: bytes, last: bytes, first: bytes, *options: bytes) -> list[Any]:
        return self._entries(key, first, last)[::-1][: _count(options)]

    def _entries(self, key: bytes, first: bytes, last: bytes) -> list[Any]:
        stream: Stream | None = self.value(key, Stream)
        if stream is None:
            return []
        low = 0 if first == b"-" else bisect_left(stream.offsets, int(first.partition(b"-")[0]))
        high = inf if last == b"+" else int(last.partition(b"-")[0])
        return [
            [b"%d-0" % offset, list(stream.entries[offset])]
            for offset in stream.offsets[low:]
            if offset <= high
        ]


def _count(options: tuple[bytes, ...]) -> int | None:
    return int(options[options.index(b"COUNT") + 1]) if b"COUNT" in options else None


def _slice(first: bytes, last: bytes) -> slice:
    end = int(last) + 1
    return slice(int(first), end or None)


def _is_above(score: float, bound: bytes, *, or_at: bool = True) -> bool:
    """Whether a score is in a range that begins there.

    or_at: False asks whether it is behind one that ends there.
    """
    is_open = bound.startswith(b"(")
    limit = float(bound.lstrip(b"("))
    return score > limit or (score == limit and is_open != or_at)


def _score(score: float) -> bytes:
    return b"%d" % score if score == int(score) else repr(score).encode()


def _listed(ranked: list[tuple[bytes, float]], with_scores: bool) -> list[bytes]:
    if not with_scores:
        return [member for member, _ in ranked]
    return [each for member, score in ranked for each in (member, _score(score))]


_READING: Final = {
    b"EXISTS", b"GET", b"PTTL", b"TIME", b"INFO", b"PUBLISH", b"HGET", b"HMGET", b"HSCAN", b"ZCARD",
    b"ZSCORE", b"ZRANGE", b"ZREVRANGE", b"ZRANGEBYSCORE", b"XRANGE", b"XREVRANGE",
}  # fmt: skip

_COMMANDS: Final[dict[bytes, Callable[..., Any]]] = {
    b"DEL": Store._del,
    b"EXISTS": Store._exists,
    b"GET": Store._get,
    b"SET": Store._set,
    b"INCR": Store._incr,
    b"PEXPIRE": Store._pexpire,
    b"PTTL": Store._pttl,
    b"TIME": Store._time,
    b"INFO": Store._info,
    b"PUBLISH": Store._publish_to,
    b"HSET": Store._hset,
    b"HGET": Store._hget,
    b"HMGET": Store._hmget,
    b"HDEL": Store._hdel,
    b"HINCRBY": Store._hincrby,
    b"HSCAN": Store._hscan,
    b"ZADD": Store._zadd,
    b"ZREM": Store._zrem,
    b"ZCARD": Store._zcard,
    b"ZSCORE": Store._zscore,
    b"ZRANGE": Store._zrange,
    b"ZREVRANGE": Store._zrevrange,
    b"ZRANGEBYSCORE": Store._zrangebyscore,
    b"ZREMRANGEBYRANK": Store._zremrangebyrank,
    b"XADD": Store._xadd,
    b"XRANGE": Store._xrange,
    b"XREVRANGE": Store._xrevrange,
}
