"""How long a token still allows what it allows."""

import math
import time
from typing import Final

GRACE_S: Final = 25.0
"""After a token's end: for the client to fetch another one, and for clocks that differ."""

_LONGEST_S: Final = 2**31 - 1


def seconds_left(expires_at: float) -> int:
    """What the client is told, in whole seconds: never 0, or it would refresh without a pause.

    expires_at: a Unix time.
    """
    return max(1, min(_LONGEST_S, math.ceil(expires_at - time.time())))


def seconds_to_the_end(expires_at: float) -> float:
    """Until what it allows ends, the grace included."""
    return max(0.0, expires_at + GRACE_S - time.time())
