"""What a Redis was asked to do: the difference between two looks at its own counters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import redis

_OUR_OWN = frozenset({"info", "client|setinfo", "hello", "select"})


@dataclass(frozen=True, slots=True)
class Commands:
    """How often each command was run, inside scripts too, without the looks themselves."""

    counts: Mapping[str, int]

    @classmethod
    def now(cls, store: redis.Redis) -> Self:
        """What was counted since Redis started."""
        statistics: Mapping[str, Mapping[str, Any]] = store.info("commandstats")
        names = {name.removeprefix("cmdstat_"): own["calls"] for name, own in statistics.items()}
        return cls({name: calls for name, calls in names.items() if name not in _OUR_OWN})

    def since(self, earlier: Self) -> dict[str, int]:
        """What was run after an earlier look."""
        grown = {name: calls - earlier.counts.get(name, 0) for name, calls in self.counts.items()}
        return {name: calls for name, calls in sorted(grown.items()) if calls}


def rate(counts: Mapping[str, int], per: float) -> float:
    """All commands together, per publication or per second."""
    return sum(counts.values()) / per


def scripts(counts: Mapping[str, int]) -> int:
    """Script calls: for what a script does, one round trip is paid."""
    return sum(calls for name, calls in counts.items() if name.startswith("eval"))
