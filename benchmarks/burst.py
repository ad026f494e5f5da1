"""One round of the fan-out: what was sent, what came, how long it took."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Round:
    """One burst. The shares are of one core, 0 to 1, from the first call to the last delivery."""

    contestant: str
    took_s: float
    publishing_s: float
    deliveries: int
    delivered: int
    load_share: float
    publisher_share: float
    server_share: float
    messages: int
    p50_ms: float
    p99_ms: float
    invalid: str | None = None

    @property
    def rate(self) -> float:
        """Deliveries per second."""
        return self.delivered / self.took_s

    @property
    def joined(self) -> float:
        """Deliveries in a WebSocket message, on average."""
        return self.delivered / max(1, self.messages)

    @property
    def server_us(self) -> float:
        """Processor time of the server for a delivery, in microseconds."""
        return self.server_share * self.took_s * 1e6 / max(1, self.delivered)

    @property
    def load_core_share(self) -> float:
        """How busy the other core was: with the load client and the publisher."""
        return self.load_share + self.publisher_share


def median(rounds: Sequence[Round], figure: str) -> float:
    """The median of a figure by its name."""
    return float(statistics.median(getattr(one, figure) for one in rounds))
