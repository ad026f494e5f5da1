"""How long a token still allows what it allows."""

import math
import time
from collections.abc import Callable
from typing import Final

from ws_service.hub.wheel import Timer, Wheel

GRACE_S: Final = 25.0
"""After a token's end: for the client to fetch another one, and for clocks that differ."""

_LONGEST_S: Final = 2**31 - 1


def ttl_of(expires_at: float | None) -> int | None:
    """In how many whole seconds the client is to refresh; never 0, or it would without a pause.

    expires_at: a Unix time; None for a token without an end, or no token.
    """
    if expires_at is None:
        return None
    return max(1, min(_LONGEST_S, math.ceil(expires_at - time.time())))


def at_the_end(wheel: Wheel, expires_at: float | None, end: Callable[[], None]) -> Timer | None:
    """Call back when the grace is over too; None where there is no end."""
    if expires_at is None:
        return None
    return wheel.after(max(0.0, expires_at + GRACE_S - time.time()), end)
