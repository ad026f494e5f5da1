"""Encoded messages, made once and shared by every connection that gets them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lines:
    """One or more messages as they go into one WebSocket text frame.

    text: JSON, one message a line, no newline at the end.
    size: its bytes in UTF-8.
    """

    text: str
    size: int

    @classmethod
    def of(cls, encoded: bytes) -> "Lines":
        return cls(encoded.decode(), len(encoded))

    @classmethod
    def joined(cls, parts: Sequence["Lines"]) -> "Lines":
        """All parts in one frame; a single part stays the object that it is."""
        if len(parts) == 1:
            return parts[0]
        text = "\n".join([part.text for part in parts])
        return cls(text, sum([part.size for part in parts]) + len(parts) - 1)


PING = Lines("{}", 2)
