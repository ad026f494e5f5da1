"""Exec a command that ends when its parent does, however the parent ends.

Run as a file, `python -I -S tether.py <parent pid> <command> …`: it asks the kernel for SIGTERM
at the parent's death (`PR_SET_PDEATHSIG`, which survives exec) and becomes the command. A
process of its own because `preexec_fn` runs Python between fork and exec, which is unsafe as
soon as the parent has threads. Linux only; elsewhere the command simply runs, and a parent that
is killed with SIGKILL leaves it behind.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_CANNOT_EXECUTE = 127


def main(parent_pid: int, command: list[str]) -> None:
    """Tether this process to `parent_pid` and replace it by `command`; doesn't return."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent_pid:  # it died before the kernel knew of the wish
        sys.exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606
    except OSError as error:
        print(f"cannot start {command[0]}: {error.strerror}", flush=True)
        sys.exit(_CANNOT_EXECUTE)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
