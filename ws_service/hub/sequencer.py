"""Is a doorbell the next publication, an old one, or is something missing? A pure function."""

from enum import Enum, auto

from ws_service.broker.doorbell import Doorbell
from ws_service.broker.position import Position


class Verdict(Enum):
    """What to do with a doorbell."""

    DELIVER = auto()
    DROP = auto()
    LOOK = auto()
    """Read the store: the doorbell alone doesn't tell."""


def judge(position: Position, doorbell: Doorbell) -> Verdict:
    """Compare a doorbell with where the topic stands.

    Another epoch is never believed from a message alone: it may be an old one that was delayed.
    """
    if doorbell.epoch != position.epoch:
        return Verdict.LOOK
    if doorbell.offset <= position.offset:
        return Verdict.DROP
    if doorbell.offset == position.offset + 1 and doorbell.payload is not None:
        return Verdict.DELIVER
    return Verdict.LOOK
