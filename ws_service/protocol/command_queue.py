"""Which of a connection's commands may be worked on now."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from ws_service.protocol.messages import Request

AT_ONCE: Final = 8
"""Commands of one connection that may wait for the server's other parts at the same time."""

WAITING_LIMIT: Final = 64
"""Commands that wait for their turn; past it the connection is not read from."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A command that waits for its turn. id: below 0 where no answer is wanted.

    is_legible: False where it can only be refused.
    """

    id: int
    request: Request
    arrived_s: float
    is_legible: bool = True

    @property
    def channel(self) -> str | None:
        """Commands with the same channel keep their order; None has no order."""
        return getattr(self.request, "channel", None)


class CommandQueue:
    """Commands of one channel one at a time, those of different channels side by side."""

    __slots__ = ("_backlog", "_behind", "_open")

    def __init__(self) -> None:
        self._backlog: deque[Waiting] = deque()
        # What is being worked on, and what waits behind it because it has the same channel.
        self._open: dict[int, str | None] = {}
        self._behind: dict[str, deque[Waiting]] = {}

    @property
    def is_full(self) -> bool:
        return len(self._backlog) + sum(map(len, self._behind.values())) >= WAITING_LIMIT

    def put(self, waiting: Waiting) -> None:
        self._backlog.append(waiting)

    def take(self) -> Waiting | None:
        """The next whose turn it is."""
        while self._backlog and len(self._open) < AT_ONCE:
            waiting = self._backlog.popleft()
            if waiting.channel is None or waiting.channel not in self._behind:
                return waiting
            self._behind[waiting.channel].append(waiting)
        return None

    def begin(self, waiting: Waiting) -> None:
        """It is being worked on."""
        self._open[waiting.id] = waiting.channel
        if waiting.channel is not None:
            self._behind[waiting.channel] = deque()

    def end(self, command_id: int) -> bool:
        """It is answered; False if it was not being worked on."""
        if command_id not in self._open:
            return False
        channel = self._open.pop(command_id)
        if channel is not None:
            # They came before whatever else waits for this channel.
            self._backlog.extendleft(reversed(self._behind.pop(channel)))
        return True

    def clear(self) -> None:
        self._backlog.clear()
        self._open.clear()
        self._behind.clear()
