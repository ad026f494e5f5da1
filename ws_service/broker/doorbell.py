"""What is published when a stream has grown.

``<version> <offset> <epoch> <payload>``, in bytes. The offset is 0 and the epoch ``-`` for a topic
without history. An empty payload means: read it in the stream.
"""

from dataclasses import dataclass
from typing import Final

VERSION: Final = b"1"
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
    """

    offset: int
    epoch: str
    payload: bytes | None

    @classmethod
    def parse(cls, message: bytes) -> "Doorbell":
        """Raises UnreadableDoorbell."""
        parts = message.split(b" ", 3)
        is_ours = len(parts) == 4 and parts[0] == VERSION
        if not (is_ours and parts[1].isdigit() and len(parts[1]) <= OFFSET_DIGITS):
            raise UnreadableDoorbell
        epoch = parts[2].decode("ascii", "replace")
        return cls(int(parts[1]), "" if epoch == "-" else epoch, parts[3] or None)
