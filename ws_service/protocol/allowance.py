"""How much of something a client may have: so much at once, so much a second in the long run."""


class Allowance:
    """A token bucket on the clock of its caller."""

    __slots__ = ("_burst", "_counted_s", "_left", "_per_s")

    def __init__(self, burst: int, per_s: float) -> None:
        self._burst = float(burst)
        self._per_s = per_s
        self._left = float(burst)
        self._counted_s: float | None = None

    def take(self, count: int, now_s: float) -> bool:
        """Whether so many are allowed now. What is refused isn't counted: who is a little too fast
        gets as much through as who is just fast enough.
        """
        passed_s = 0.0 if self._counted_s is None else now_s - self._counted_s
        self._counted_s = now_s
        self._left = min(self._burst, self._left + passed_s * self._per_s)
        if self._left < count:
            return False
        self._left -= count
        return True
