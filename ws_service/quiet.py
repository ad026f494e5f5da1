"""At most one log line a minute for each kind of trouble: clients repeat what fails."""

from collections.abc import Hashable
from typing import Final

PAUSE_S: Final = 60.0
KINDS_LIMIT: Final = 1_000


class Quiet:
    """Remembers what was said. Bounded: when too many kinds are known, all are forgotten."""

    def __init__(self) -> None:
        self._said_s: dict[Hashable, float] = {}

    def may_say(self, kind: Hashable, now_s: float) -> bool:
        """Whether this kind was not said within the last minute; then it counts as said."""
        if now_s - self._said_s.get(kind, float("-inf")) < PAUSE_S:
            return False
        if len(self._said_s) >= KINDS_LIMIT:
            self._said_s.clear()
        self._said_s[kind] = now_s
        return True
