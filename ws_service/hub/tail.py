"""A topic's last publications, for who comes back."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from ws_service.protocol.codec import encode_publication


@dataclass(frozen=True, slots=True)
class Encoded:
    """A publication as it stands inside a push or a reply: ``{"data":…,"info":…,"offset":…}``."""

    offset: int
    json: bytes

    @classmethod
    def of(cls, offset: int, payload: bytes, extra: bytes = b"") -> "Encoded":
        return cls(offset, encode_publication(payload, offset, extra))


@dataclass(frozen=True, slots=True)
class Reading:
    """What the store had when it was read: everything after ``start`` up to ``end``.

    generation: of the topic. What came before ``start`` was gone then, and stays gone for as long
        as the topic is of this generation.
    """

    generation: int
    start: int
    publications: Sequence[Encoded]

    @property
    def end(self) -> int:
        """The offset up to which everything is here."""
        return self.start + len(self.publications)


class TailMemory:
    """What all tails of a process take together, in bytes."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used = 0


class Tail:
    """The publications after ``start`` up to ``end``, without a gap; the oldest go first.

    size: bytes of them all.
    """

    __slots__ = ("_count_limit", "_entries", "_memory", "_size_limit", "end", "size")

    def __init__(self, count_limit: int, size_limit_bytes: int, memory: TailMemory) -> None:
        self._entries: deque[Encoded] = deque()
        self._count_limit = count_limit
        self._size_limit = size_limit_bytes
        self._memory = memory
        self.end = 0
        self.size = 0

    @property
    def start(self) -> int:
        """The offset after which everything is here."""
        return self.end - len(self._entries)

    def append(self, publication: Encoded) -> None:
        """The next publication: ``end + 1``."""
        self._entries.append(publication)
        self.end = publication.offset
        self._resize(len(publication.json))
        while len(self._entries) > self._count_limit or self.size > self._size_limit:
            self._resize(-len(self._entries.popleft().json))

    def prepend(self, reading: Reading) -> None:
        """Put older ones in front, if they reach up to what is here; as many as there is room."""
        if reading.end < self.start:
            return
        for publication in reversed(reading.publications):
            if publication.offset > self.start:
                continue
            is_full = len(self._entries) >= self._count_limit
            if is_full or self.size + len(publication.json) > self._size_limit:
                return
            self._entries.appendleft(publication)
            self._resize(len(publication.json))

    def clear(self) -> None:
        """Give the memory back; the end stays."""
        self._entries.clear()
        self._resize(-self.size)

    def retire(self) -> None:
        """Hold nothing any more, whatever is still being read for it."""
        self.clear()
        self._count_limit = 0

    def after(self, offset: int) -> list[Encoded] | None:
        """Everything after an offset, None if some of it is not here (any more)."""
        if offset < self.start:
            return None
        return list(islice(self._entries, offset - self.start, None))

    def behind(self, reading: Reading, offset: int) -> list[Encoded] | None:
        """Everything after an offset, from a reading and from here; None if that is more than may
        be here. The reading reaches from that offset up to what is here.
        """
        older = [each for each in reading.publications if offset < each.offset <= self.start]
        size = self.size + sum(len(each.json) for each in older)
        if len(older) + len(self._entries) > self._count_limit or size > self._size_limit:
            return None
        return older + list(self._entries)

    def _resize(self, change: int) -> None:
        self.size += change
        self._memory.used += change
