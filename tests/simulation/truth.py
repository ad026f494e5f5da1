"""What really happened in a simulated Redis, and so what every client must have seen.

Unlike the oracle of the storms it looks into the store itself: nothing is guessed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from tests.simulation.redis_server import RedisServer
from tests.simulation.store import Stream
from ws_service.broker.keys import Keys
from ws_service.broker.scripts import script

_TOPIC_ARGUMENT: Final = 6


@dataclass(frozen=True, slots=True)
class At:
    """A position that a client holds."""

    offset: int
    epoch: str

    def __str__(self) -> str:
        return f"{self.offset}:{self.epoch}"


@dataclass(slots=True)
class _Epoch:
    """parent: the epoch before it, and where that ended for it."""

    parent: At | None
    uids: dict[int, str] = field(default_factory=dict)
    times_s: dict[int, float] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Window:
    """A time in which a client asked for what came after a position.

    began_s: when it began.
    was_gone: whether at some moment of it the store itself could not have told.
    """

    topic: str
    at: At
    began_s: float
    was_gone: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """How a topic keeps its history. limit: publications of one recovery."""

    is_cache: bool
    limit: int
    lifetime_s: float


class Truth:
    """Follows a server from its first publication on.

    kept: of each topic. now: the time, in seconds.
    """

    def __init__(
        self,
        server: RedisServer,
        keys: Keys,
        kept: Mapping[str, Kept],
        now: Callable[[], float],
    ) -> None:
        self._server = server
        self._now = now
        self._keys = keys
        self._kept = kept
        self._publish = script("publish").text.encode()
        self._epochs: dict[str, dict[str, _Epoch]] = defaultdict(dict)
        self._windows: list[Window] = []
        self.published = 0
        self.doubles: list[str] = []
        server.on_script = self._ran
        server.before_change = server.after_change = self.look

    # --- what happened -----------------------------------------------------------------------

    def _ran(
        self, text: bytes, keys: Sequence[bytes], arguments: Sequence[bytes], answer: Any
    ) -> None:
        if text != self._publish:
            return
        offset, name, was_known = answer[:3]
        if was_known or not offset:
            return
        topic, uid = arguments[_TOPIC_ARGUMENT].decode(), arguments[0].decode().strip('"')
        epochs, epoch = self._epochs[topic], name.decode()
        if epoch not in epochs:
            earlier = self._server.store.call(b"HGET", keys[0], b"earlier") or b""
            last, _, end = earlier.split(b",")[0].decode().partition("=")
            epochs[epoch] = _Epoch(At(int(end), last) if last else None)
        if uid in epochs[epoch].uids.values():
            self.doubles.append(f"{uid} was published twice in {topic}")
        epochs[epoch].uids[offset] = uid
        epochs[epoch].times_s[offset] = self._now()
        self.published += 1

    def look(self) -> None:
        """Something changes, or has changed."""
        for window in self._windows:
            window.was_gone = window.was_gone or not self.could_tell(window.topic, window.at)

    # --- what is true ------------------------------------------------------------------------

    def top(self, topic: str) -> At | None:
        """Where a topic stands in the store."""
        meta = self._server.store.value(self._keys.metadata(topic).encode(), dict)
        if meta is None:
            return None
        return At(int(meta[b"offset"]), meta[b"epoch"].decode())

    def has_publications(self, topic: str, epoch: str) -> bool:
        return epoch in self._epochs[topic]

    def could_tell(self, topic: str, at: At) -> bool:
        """Whether the store has everything since a position, and a recovery may carry it."""
        meta = self._server.store.value(self._keys.metadata(topic).encode(), dict)
        top = self.top(topic)
        if meta is None or top is None:
            return False
        stream = self._server.store.value(self._keys.stream(topic).encode(), Stream) or Stream()
        ends = dict(pair.split("=") for pair in meta[b"earlier"].decode().split(",") if pair)
        end = top.offset if at.epoch in ("", top.epoch) else int(ends.get(at.epoch, -1))
        is_covered = at.offset <= end
        kept = self._kept[topic]
        if kept.is_cache:
            return bool(stream.offsets) or (is_covered and at.offset == top.offset)
        if not is_covered or top.offset - at.offset > kept.limit:
            return False
        return at.offset == top.offset or bool(
            stream.offsets and stream.offsets[0] <= at.offset + 1
        )

    def uid_at(self, topic: str, epoch: str, offset: int) -> str | None:
        """The publication that has this offset for whoever is in this epoch."""
        found = self._of(topic, epoch, offset)
        return None if found is None else found.uids.get(offset)

    def is_past_its_life(self, window: Window, at: At, to: At) -> bool:
        """Whether some of what was recovered between two positions had expired before anybody
        asked, or before the next publication came: each one gives all of them a new life.
        """
        lifetime_s = self._kept[window.topic].lifetime_s
        ends_s: float | None = None
        offset = at.offset
        while (time_s := self._published_s(window.topic, to.epoch, offset + 1)) is not None:
            if ends_s is not None and time_s > ends_s:
                return offset < to.offset or ends_s < window.began_s
            offset, ends_s = offset + 1, time_s + lifetime_s
        return ends_s is not None and ends_s < window.began_s

    def _published_s(self, topic: str, epoch: str, offset: int) -> float | None:
        found = self._of(topic, epoch, offset)
        return None if found is None else found.times_s.get(offset)

    def is_too_much(self, topic: str, at: At, to: At) -> bool:
        """Whether the history has never kept so many."""
        return to.offset - at.offset > self._kept[topic].limit

    def _of(self, topic: str, epoch: str, offset: int) -> _Epoch | None:
        """Which epoch it was that an offset was published in, for whoever is in this one."""
        epochs = self._epochs[topic]
        while (found := epochs.get(epoch)) is not None:
            if found.parent is None or offset > found.parent.offset:
                return found
            epoch = found.parent.epoch
        return None

    def is_on_the_way(self, topic: str, at: At, epoch: str) -> bool:
        """Whether a position is a point in the history that an epoch goes on with."""
        end: float = float("inf")
        while epoch != at.epoch:
            found = self._epochs[topic].get(epoch)
            if found is None or found.parent is None:
                return at.offset == 0
            epoch, end = found.parent.epoch, min(end, found.parent.offset)
        return at.offset <= end

    @contextmanager
    def window(self, topic: str, at: At) -> Iterator[Window]:
        window = Window(topic, at, self._now())
        self._windows.append(window)
        self.look()
        try:
            yield window
        finally:
            self._windows.remove(window)
