"""A command that is waited for: `pip install`, `migrate`."""

import time
from collections.abc import Callable

from devkit.child import Child
from devkit.failure import Failure
from devkit.interruption import Interruption

_TAIL_LINES = 15
_STOP_TIMEOUT_S = 15.0
_TICK_S = 0.2


def run(child: Child, interruption: Interruption, *, timeout_s: float, what: str) -> None:
    """Run `child` to its end, which must be a good one.

    Raises:
        Failure: it failed or took longer than `timeout_s`; the message begins with `what`.
        Interrupted: somebody asked for the end meanwhile.
    """
    status = finish(child, interruption, timeout_s=timeout_s)
    if status is None:
        raise Failure(
            f"{what} took longer than {timeout_s:.0f} s", log_tail=child.tail(_TAIL_LINES)
        )
    if status != 0:
        raise Failure(
            f"{what} failed (exit status {status}); the whole log is in {child.log}",
            log_tail=child.tail(_TAIL_LINES),
        )


def finish(
    child: Child,
    interruption: Interruption,
    *,
    timeout_s: float,
    on_tick: Callable[[], None] | None = None,
) -> int | None:
    """Run `child` to its end and give its exit status, None if it took longer than `timeout_s`.

    It never outlives this call. `on_tick` is called a few times a second meanwhile.

    Raises:
        Interrupted: somebody asked for the end meanwhile.
    """
    child.start()
    return wait(child, interruption, timeout_s=timeout_s, on_tick=on_tick)


def wait(
    child: Child,
    interruption: Interruption,
    *,
    timeout_s: float,
    on_tick: Callable[[], None] | None = None,
) -> int | None:
    """Wait for the end of a child that was started; otherwise as `finish()`.

    Raises:
        Interrupted: somebody asked for the end meanwhile.
    """
    deadline = time.monotonic() + timeout_s
    try:
        while child.poll() is None and time.monotonic() < deadline:
            interruption.wait(_TICK_S)
            if on_tick:
                on_tick()
        return child.poll()
    finally:
        child.stop(_STOP_TIMEOUT_S)
