"""What is published when a stream has grown.

``1 <offset> <epoch> <payload>``, in bytes; with something beside the payload
``2 <offset> <epoch> <bytes of extra> <extra><payload>``. The offset is 0 and the epoch ``-`` for a
topic without history. An empty payload means: read it in the stream.

Who doesn't know a version reads the stream; of a topic without history it gets nothing then.

On the same channel, because their order counts, ``j <info>`` and ``l <info>``: a client has come,
or has gone. Nothing keeps them.
"""

from dataclasses import dataclass
from typing import Final

VERSION: Final = b"1"
VERSION_WITH_EXTRA: Final = b"2"
JOIN: Final = b"j "
LEAVE: Final = b"l "
OFFSET_DIGITS: Final = 19
PAYLOAD_LIMIT_BYTES: Final = 16_384
"""Larger payloads are read from the stream, once per process that needs them."""


class UnreadableDoorbell(ValueError):
    """A doorbell of another version, or not one of ours: look into the store instead."""


@dataclass(frozen=True, slots=True)
class Doorbell:
    """One publication as it came over pub/sub.

    offset: 0 for a topic without history.
    payload: JSON in UTF-8; None when it is only in the stream.
    extra: what stands beside it in the publication; empty for nothing.
    """

    offset: int
    epoch: str
    payload: bytes | None
    extra: bytes = b""

    @classmethod
    def parse(cls, message: bytes) -> "Doorbell":
        """Raises UnreadableDoorbell."""
        parts = message.split(b" ", 3)
        is_ours = len(parts) == 4 and parts[0] in (VERSION, VERSION_WITH_EXTRA)
        if not (is_ours and parts[1].isdigit() and len(parts[1]) <= OFFSET_DIGITS):
            raise UnreadableDoorbell
        epoch = parts[2].decode("ascii", "replace")
        payload, extra = parts[3], b""
        if parts[0] == VERSION_WITH_EXTRA:
            extra, payload = _apart(payload)
        return cls(int(parts[1]), "" if epoch == "-" else epoch, payload or None, extra)


@dataclass(frozen=True, slots=True)
class MemberEvent:
    """A client has come to a topic, or gone. info: its ClientInfo, JSON on one line."""

    is_join: bool
    info: bytes

    @classmethod
    def parse(cls, message: bytes) -> "MemberEvent | None":
        """None for what is something else."""
        kind, info = message[:2], message[2:]
        return cls(kind == JOIN, info) if kind in (JOIN, LEAVE) else None


def _apart(rest: bytes) -> tuple[bytes, bytes]:
    """Extra and payload. Raises UnreadableDoorbell."""
    size, _, both = rest.partition(b" ")
    if not size.isdigit() or len(size) > OFFSET_DIGITS or int(size) > len(both):
        raise UnreadableDoorbell
    return both[: int(size)], both[int(size) :]
