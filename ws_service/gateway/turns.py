"""A fair share for each: so many at once, the rest waits in line."""

import asyncio
from collections import Counter


class Turns:
    """Turns of owners that don't get in each other's way. For one event loop.

    at_once: turns that one owner may have at the same time.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._taken: Counter[object] = Counter()
        # In line; who goes away leaves nothing behind.
        self._waiting: dict[object, dict[asyncio.Future[None], None]] = {}

    async def take(self, owner: object) -> None:
        """Wait for a turn; give it back afterwards. Cancelled, nothing is taken."""
        if self._taken[owner] < self._at_once:
            self._taken[owner] += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, {})[turn] = None
        try:
            await turn
        except asyncio.CancelledError:
            self._leave(owner, turn)
            if turn.done() and not turn.cancelled():
                self.give_back(owner)  # it came in the moment in which nobody wanted it any more
            raise

    def give_back(self, owner: object) -> None:
        """The next in line has it, if there is one."""
        while owner in self._waiting:
            turn = next(iter(self._waiting[owner]))
            self._leave(owner, turn)
            if not turn.done():
                turn.set_result(None)
                return
        self._taken[owner] -= 1
        if not self._taken[owner]:
            del self._taken[owner]

    def _leave(self, owner: object, turn: asyncio.Future[None]) -> None:
        waiting = self._waiting.get(owner)
        if waiting is not None:
            waiting.pop(turn, None)
            if not waiting:
                del self._waiting[owner]
