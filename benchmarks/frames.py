"""WebSocket frames: the part of RFC 6455 that a load client needs, and nothing more."""

from enum import IntEnum
from typing import Final

_FINAL: Final = 0x80
_MASKED: Final = 0x80
# A mask of zeros leaves the payload as it is. It hides nothing from a proxy, which is what masks
# are for, but there is none on loopback, and it costs the load client nothing.
_ZERO_MASK: Final = bytes(4)


class Opcode(IntEnum):
    """What a frame is."""

    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class UnexpectedFrame(Exception):
    """A fragment or a reserved bit, which none of the servers should send here."""


def masked(opcode: Opcode, payload: bytes) -> bytes:
    """One whole frame of a client."""
    size = len(payload)
    if size < 126:
        length = bytes([_MASKED | size])
    elif size < 65_536:
        length = bytes([_MASKED | 126]) + size.to_bytes(2)
    else:
        length = bytes([_MASKED | 127]) + size.to_bytes(8)
    return bytes([_FINAL | opcode]) + length + _ZERO_MASK + payload


class FrameReader:
    """Cuts a server's bytes into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The frames that are complete now: (opcode, payload).

        Raises UnexpectedFrame.
        """
        if self._rest:
            data = self._rest + data
        frames = []
        at, end = 0, len(data)
        while end - at >= 2:
            opcode = data[at] ^ _FINAL
            if opcode > Opcode.PONG or opcode == 0:
                raise UnexpectedFrame(f"a frame begins with {data[at]:#x}")
            length, start = data[at + 1], at + 2
            if length >= 126:
                start += 2 if length == 126 else 8
                if start > end:
                    break
                length = int.from_bytes(data[at + 2 : start])
            if start + length > end:
                break
            frames.append((opcode, data[start : start + length]))
            at = start + length
        self._rest = data[at:]
        return frames
