"""A publisher without Redis: it counts and remembers as Redis would, and tells who listens."""

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final

from ws_service.broker.keys import Keys
from ws_service.broker.position import Lineage, Position
from ws_service.broker.scripts import Call, Publication, StreamPart
from ws_service.errors import BrokerUnavailable
from ws_service.publishing.outgoing import Outgoing

EPOCH: Final = "testing"


class MemoryPublisher:
    """Publishes to a function. Safe for threads.

    take: called with each publication and its position, in their order, but not with repetitions.
    """

    def __init__(self, take: Callable[[Outgoing, Position], None]) -> None:
        self._take = take
        self._lock = threading.RLock()
        self._offsets: defaultdict[str, int] = defaultdict(int)
        self._streams: dict[str, list[Publication]] = {}
        self._given_keys: dict[tuple[str, str], Position] = {}
        self._published: dict[int, tuple[Outgoing, Position]] = {}  # by id()

    def send(self, publications: Sequence[Outgoing]) -> list[Position]:
        with self._lock:
            return [self._position_of(each) or self._publish(each) for each in publications]

    def read(self, topic: str, after: int, limit: int, *, reverse: bool = False) -> StreamPart:
        with self._lock:
            top, stream = Position(self._offsets[topic], EPOCH), self._streams.get(topic, [])
            if reverse:
                found = [each for each in reversed(stream) if not after or each.offset < after]
            else:
                found = [each for each in stream if each.offset > after]
        return StreamPart(Lineage(top, {}), found[:limit])

    def ask(self, call_for: Callable[[Keys], Call]) -> Any:
        raise BrokerUnavailable("there is no Redis while publications are captured")

    def _position_of(self, publication: Outgoing) -> Position | None:
        """Of a publication that is known already, as Redis would know it."""
        key = publication.idempotency_key
        if key is not None:
            return self._given_keys.get((publication.topic, key))
        # One that Django's captureOnCommitCallbacks() has made to happen before.
        _, position = self._published.get(id(publication), (None, None))
        return position

    def _publish(self, publication: Outgoing) -> Position:
        topic, history, position = publication.topic, publication.history, Position(0, "")
        if history is not None:
            self._offsets[topic] += 1
            position = Position(self._offsets[topic], EPOCH)
            entry = Publication(position.offset, publication.payload, publication.extra)
            self._streams[topic] = [*self._streams.get(topic, []), entry][-history.size :]
        if publication.idempotency_key is not None:
            self._given_keys[topic, publication.idempotency_key] = position
        self._published[id(publication)] = publication, position
        self._take(publication, position)
        return position
