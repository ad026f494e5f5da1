"""Encoded messages, made once and shared by every connection that gets them."""

from collections.abc import Iterable, Iterator, Sequence
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
        # What is in a stream was valid when it was published; if somebody else has written there,
        # a replaced character is better than a topic that stops.
        return cls(encoded.decode(errors="replace"), len(encoded))

    @classmethod
    def joined(cls, parts: Sequence["Lines"]) -> "Lines":
        """All parts in one frame; a single part stays the object that it is."""
        if len(parts) == 1:
            return parts[0]
        text = "\n".join([part.text for part in parts])
        return cls(text, sum([part.size for part in parts]) + len(parts) - 1)


def joined_up_to(limit_bytes: int, parts: Iterable[Lines]) -> Iterator[Lines]:
    """The same lines in as few frames as the limit allows; a larger part is a frame of its own."""
    frame: list[Lines] = []
    size = 0
    for part in parts:
        if frame and size + part.size >= limit_bytes:
            yield Lines.joined(frame)
            frame, size = [], 0
        frame.append(part)
        size += part.size + 1
    if frame:
        yield Lines.joined(frame)


PING = Lines("{}", 2)
