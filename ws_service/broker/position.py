"""Where somebody stands in a topic."""

from dataclasses import dataclass
from typing import Final

EPOCHS_REMEMBERED: Final = 8


@dataclass(frozen=True, slots=True)
class Position:
    """An offset in an epoch.

    offset: how many publications the topic has had, 0 for none.
    epoch: an opaque name of the stream's history; another one means that offsets of the earlier
        one may have been taken back. ``""`` for a topic without history.
    """

    offset: int
    epoch: str

    def __str__(self) -> str:
        return f"{self.offset}:{self.epoch}"


@dataclass(frozen=True, slots=True)
class Lineage:
    """A stream's top, and the tops at which its earlier epochs ended.

    A Redis that lost writes takes offsets back while clients are ahead. So an earlier position
    is worth something only up to the offset at which its epoch is known to have ended.
    """

    top: Position
    earlier: dict[str, int]

    def covers(self, position: Position) -> bool:
        """Whether the position is a point in this stream's history."""
        if position.epoch in ("", self.top.epoch):
            return position.offset <= self.top.offset
        return position.offset <= self.earlier.get(position.epoch, -1)

    def shared_with(self, position: Position) -> int | None:
        """Up to which offset a position's history is this stream's own: what follows there is new
        to whoever stood at the position. None where that isn't known any more.
        """
        if position.epoch == self.top.epoch:
            return min(position.offset, self.top.offset)
        if position.epoch in self.earlier:
            return min(position.offset, self.earlier[position.epoch])
        # Where none was forgotten, the stream began anew after that epoch.
        return 0 if len(self.earlier) < EPOCHS_REMEMBERED else None

    @classmethod
    def parse(cls, offset: int, epoch: str, earlier: str) -> "Lineage":
        """From the fields of a topic's metadata; ``earlier`` is ``epoch=top,epoch=top``."""
        pairs = (pair.partition("=") for pair in earlier.split(",") if pair)
        return cls(Position(offset, epoch), {name: int(top) for name, _, top in pairs})
