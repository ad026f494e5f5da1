"""Disturbs the doorbells between Redis and the hub: drops, delays, duplicates, reorders.

Redis pub/sub promises no more than this: a message may be lost, and after a reconnect messages
of two connections may overtake each other.
"""

import asyncio
import random
from dataclasses import dataclass

from ws_service.broker.link import DoorbellLink
from ws_service.metrics import count

_LONGEST_DELAY_S = 0.1
# Always dropped: the last publication of a topic has no later one that would show its loss.
LAST = b"the end of "


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities for each doorbell, and the seed that makes them repeatable."""

    seed: int
    drop: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0

    @classmethod
    def parse(cls, text: str) -> "Faults":
        """From "seed=7 drop=0.03 duplicate=0.05 delay=0.05"."""
        values = dict(part.split("=") for part in text.split())
        return cls(int(values.pop("seed")), **{name: float(v) for name, v in values.items()})


def disturb(faults: Faults) -> None:
    """From now on every link of this process is a bad one."""
    chance = random.Random(faults.seed)
    ring = DoorbellLink.ring

    def ring_or_not(link: DoorbellLink, topic: str, message: bytes) -> None:
        fate = chance.random()
        if (fate := fate - faults.drop) < 0 or LAST in message:
            count("test_doorbells_dropped_total")
            return
        if (fate := fate - faults.delay) < 0:
            count("test_doorbells_delayed_total")
            ring_later(link, topic, message)
            return
        if fate - faults.duplicate < 0:
            count("test_doorbells_duplicated_total")
            ring_later(link, topic, message)
        ring(link, topic, message)

    def ring_later(link: DoorbellLink, topic: str, message: bytes) -> None:
        delay_s = chance.uniform(0.0, _LONGEST_DELAY_S)
        asyncio.get_running_loop().call_later(delay_s, ring, link, topic, message)

    DoorbellLink.ring = ring_or_not  # type: ignore[method-assign]
