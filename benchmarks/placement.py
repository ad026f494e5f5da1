"""Which core does what: the server and Redis share one, the load and the publisher the other."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager


def _cores() -> tuple[set[int], set[int]] | None:
    if not hasattr(os, "sched_setaffinity"):  # macOS
        return None
    cores = sorted(os.sched_getaffinity(0))
    # The first and the last: neighbours may be two threads of one core.
    return ({cores[0]}, {cores[-1]}) if len(cores) > 1 else None


_CORES = _cores()


def describe() -> str:
    """For the results."""
    if _CORES is None:
        return "not pinned: this system can't, or has one core"
    (server,), (load,) = _CORES
    return f"server and Redis on core {server}, load and publisher on core {load}"


def take_load_core() -> None:
    """Put this process, and what it starts from now on, on the load's core."""
    _move(1)


@contextmanager
def server_core() -> Iterator[None]:
    """Processes that are started in here stay on the server's core."""
    _move(0)
    try:
        yield
    finally:
        _move(1)


def _move(which: int) -> None:
    if _CORES is not None:
        os.sched_setaffinity(0, _CORES[which])


def allow_open_files(wanted: int) -> int:
    """Raise the limit of open files, also for what is started later; gives what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft
