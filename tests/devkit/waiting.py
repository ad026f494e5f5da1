"""What the tests of the development tools wait for."""

import time
from collections.abc import Callable

import psutil
import pytest


def wait_for(what: str, condition: Callable[[], object], *, limit_s: float = 30.0) -> None:
    """Wait until `condition` holds; fails naming `what` after `limit_s`."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {limit_s:.0f} s for {what}")
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that only waits to be collected has."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
