"""What waits for one client: replies, pushes and the close, in one order."""

import asyncio
from collections import deque
from typing import Final

from ws_service.protocol.codes import Disconnect, EndEntry
from ws_service.protocol.lines import Lines

FRAME_LIMIT_BYTES: Final = 262_144
"""Lines are joined into one frame up to here; a longer line is a frame of its own."""


class SendBuffer:
    """Bounded in bytes. Past the bound what waits is dropped and the end is ``SLOW``: the client
    comes back and recovers.

    One task takes, in this loop's turns; whatever is written within one turn leaves together.
    """

    __slots__ = ("_lines", "_room_waiters", "_waiter", "end", "limit_bytes", "size")

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._lines: deque[Lines] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._room_waiters: list[asyncio.Future[None]] | None = None
        self.size = 0
        self.end: EndEntry | None = None

    def write(self, lines: Lines) -> bool:
        """Put lines behind what waits already; False when that was too much."""
        if self.end is not None:
            return True  # nothing follows a close
        if self.size + lines.size > self.limit_bytes and self.size:
            self._lines.clear()
            self.size = 0
            self.close(Disconnect.SLOW.value)
            return False
        self._lines.append(lines)
        self.size += lines.size + 1
        self._wake()
        return True

    def close(self, end: EndEntry) -> None:
        """End after what waits already."""
        if self.end is None:
            self.end = end
            self._wake()
            self._tell_of_room()

    async def take(self) -> Lines | EndEntry:
        """Wait for the next frame, or the end."""
        while not self._lines:
            if self.end is not None:
                return self.end
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        frame = [self._lines.popleft()]
        size = frame[0].size
        while self._lines and size + self._lines[0].size < FRAME_LIMIT_BYTES:
            frame.append(self._lines.popleft())
            size += frame[-1].size + 1
        self.size -= size + 1
        self._tell_of_room()
        return Lines.joined(frame)

    def drain(self) -> list[Lines]:
        """All lines that wait, at once."""
        lines, self._lines = list(self._lines), deque()
        self.size = 0
        return lines

    def has_room(self, size_bytes: int) -> bool:
        """Whether so much fits, with a quarter left for what comes meanwhile."""
        return self.size + size_bytes <= self.limit_bytes * 3 // 4

    async def wait_for_room(self) -> None:
        """Return when something was taken, or at the end."""
        if self.end is not None:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._room_waiters = [*(self._room_waiters or ()), waiter]
        await waiter

    def _tell_of_room(self) -> None:
        waiters, self._room_waiters = self._room_waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                waiter.set_result(None)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
