"""What docs/topics.md promises of a topic's history, in plain lists."""

from dataclasses import dataclass, field

from ws_service.broker.position import Position
from ws_service.hub.tail import Encoded


@dataclass
class KeptHistory:
    """The last `size` publications, until they expire together.

    recovery_limit_bytes: of what one recovery carries.
    ended: the tops at which earlier epochs ended.
    """

    size: int
    recovery_limit_bytes: int
    top: Position
    ended: dict[str, int] = field(default_factory=dict)
    kept: list[Encoded] = field(default_factory=list)

    def publish(self, at: Position, payload: bytes) -> None:
        """A publication got this position."""
        if at.epoch != self.top.epoch:
            self.ended[self.top.epoch] = self.top.offset
        self.top = at
        self.kept = [*self.kept, Encoded.of(at.offset, payload)][-self.size :]

    def expire(self) -> None:
        """The time to live has passed since the last publication."""
        self.kept = []

    def begin_anew(self, at: Position, payload: bytes) -> None:
        """The store has lost all that it knew; this is the first publication after it."""
        self.top = Position(0, at.epoch)
        self.ended = {}
        self.kept = []
        self.publish(at, payload)

    def covers(self, position: Position) -> bool:
        """Whether the topic has ever stood there, and nothing was taken back since."""
        ended = {**self.ended, self.top.epoch: self.top.offset, "": self.top.offset}
        return position.offset <= ended.get(position.epoch, -1)

    def since(self, position: Position) -> list[int] | None:
        """What follows a position: offsets, or None where some of it is gone or it is too much."""
        if not self.covers(position):
            return None
        missed = [each for each in self.kept if each.offset > position.offset]
        is_whole = len(missed) == self.top.offset - position.offset
        return self._carried(missed) if is_whole else None

    def latest(self, position: Position) -> list[int] | None:
        """Of a topic in cache mode: the last one, unless it is known or gone."""
        is_current = self.covers(position) and position.offset == self.top.offset
        if position != self.top and self.kept:
            latest = self._carried(self.kept[-1:])
            if latest is not None:
                return latest
        return [] if is_current else None

    def _carried(self, publications: list[Encoded]) -> list[int] | None:
        has_room = sum(len(each.json) for each in publications) <= self.recovery_limit_bytes
        return [each.offset for each in publications] if has_room else None
