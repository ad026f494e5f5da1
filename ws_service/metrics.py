"""What a process has counted since its start."""

import os
import threading
from collections import Counter
from collections.abc import Mapping

_counts: Counter[str] = Counter()
_counting = threading.Lock()


def _renew_lock() -> None:
    """Another thread may have held it in the moment of a fork; there it is gone for good."""
    global _counting  # noqa: PLW0603 - a process has one
    _counting = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)


def count(name: str, amount: int = 1) -> None:
    """Add to a counter. Names follow Prometheus: ``…_total``. Safe for threads."""
    with _counting:
        _counts[name] += amount


def counters() -> Mapping[str, int]:
    """A copy of all counters."""
    with _counting:
        return dict(_counts)
