"""Prices that nobody pays, made by chance."""

import random
from dataclasses import dataclass, field
from typing import Any

SHARES = {"ENG": "Analytical Engines", "BUG": "Moth & Relay", "WIRE": "Nanosecond Wire"}
_START = {"ENG": 184.3, "BUG": 62.7, "WIRE": 118.0}
_PULL = 0.002
_SWING = 0.0012


@dataclass(slots=True)
class Prices:
    """The present price of each share, and how often they have moved."""

    number: int = 0
    now: dict[str, float] = field(default_factory=lambda: dict(_START))

    def move(self) -> None:
        """One step of a random walk, which is drawn back to where it began."""
        self.number += 1
        for share, price in self.now.items():
            chance = random.gauss(0, _SWING)
            self.now[share] = price * (1 + chance) + (_START[share] - price) * _PULL

    def as_data(self) -> dict[str, Any]:
        """What is published."""
        return {"number": self.number, "prices": {k: round(v, 2) for k, v in self.now.items()}}
