"""Preparations that several `dev.py` share: one makes them, the others wait."""

import contextlib
import fcntl
from collections.abc import Iterator

from devkit import checkout
from devkit.interruption import Interruption
from devkit.terminal import Terminal

_POLL_S = 0.2


@contextlib.contextmanager
def one_at_a_time(
    name: str, work: str, terminal: Terminal, interruption: Interruption
) -> Iterator[None]:
    """Hold the lock `name` of this checkout; `work` says what the one that has it does.

    The kernel lets go of it when the process ends, however it ends.

    Raises:
        Interrupted: somebody asked for the end while this one waited.
    """
    checkout.STATE.mkdir(exist_ok=True)
    with (checkout.STATE / f"{name}.lock").open("w") as lock:
        is_first_try = True
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if is_first_try:
                    terminal.step(f"waiting: another dev.py {work}")
                is_first_try = False
                interruption.wait(_POLL_S)
        yield
