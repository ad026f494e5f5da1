"""How much of a topic is kept, so that who was away gets it later."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class History:
    """The last ``size`` publications, until ``ttl`` after the last one.

    A client that was away longer than this holds is told that it has a gap.
    """

    size: int = 100
    ttl: timedelta = timedelta(minutes=10)

    def __post_init__(self) -> None:
        if isinstance(self.size, bool) or not isinstance(self.size, int) or self.size < 1:
            raise ValueError(
                f"History(size={self.size!r}): a whole number from 1 on; no history is None"
            )
        if not isinstance(self.ttl, timedelta) or self.ttl < timedelta(seconds=1):
            raise ValueError(f"History(ttl={self.ttl!r}): a timedelta of a second or more")
