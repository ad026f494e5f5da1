"""A command that is waited for: `pip install`, `migrate`."""

import time

from devkit.child import Child
from devkit.failure import Failure
from devkit.interruption import Interruption

_TAIL_LINES = 15
_STOP_TIMEOUT_S = 3.0


def run(child: Child, interruption: Interruption, *, timeout_s: float, what: str) -> None:
    """Run `child` to its end; it never outlives this call.

    Raises:
        Failure: it failed or took longer than `timeout_s`; the message begins with `what`.
        Interrupted: somebody asked for the end meanwhile.
    """
    deadline = time.monotonic() + timeout_s
    child.start()
    try:
        while child.poll() is None and time.monotonic() < deadline:
            interruption.wait(1.0)
        status = child.poll()
    finally:
        child.stop(_STOP_TIMEOUT_S)
    if status is None:
        raise Failure(
            f"{what} took longer than {timeout_s:.0f} s", log_tail=child.tail(_TAIL_LINES)
        )
    if status != 0:
        raise Failure(
            f"{what} failed (exit status {status}); the whole log is in {child.log}",
            log_tail=child.tail(_TAIL_LINES),
        )
