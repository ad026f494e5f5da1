"""What a process has counted since its start."""

import threading
from collections import Counter
from collections.abc import Mapping

_counts: Counter[str] = Counter()
_counting = threading.Lock()


def count(name: str, amount: int = 1) -> None:
    """Add to a counter. Names follow Prometheus: ``…_total``. Safe for threads."""
    with _counting:
        _counts[name] += amount


def counters() -> Mapping[str, int]:
    """A copy of all counters."""
    with _counting:
        return dict(_counts)
