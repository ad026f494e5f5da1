"""What the site's pages may ask of `dev.py run`: a few named actions, one at a time.

A named pipe in the state folder, readable and writable by this user only. The site writes a
line; what is no known action, and what comes while another action is under way, is dropped.
"""

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from devkit.interruption import Interruption

RESTART_SERVICE = "restart-service"
STOP_REDIS = "stop-redis"
_READ_BYTES = 4096


class Control:
    """Reads wishes from the pipe at `path`, which exists while this is entered."""

    def __init__(self, path: Path, actions: Mapping[str, Callable[[], None]]) -> None:
        """`actions` are called from `Interruption.wait()` in this very thread."""
        self._path = path
        self._actions = actions
        self._is_busy = False

    def __enter__(self) -> Self:
        """Make the pipe."""
        self._path.unlink(missing_ok=True)
        os.mkfifo(self._path, mode=0o600)
        self._reader = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        # A writer of our own: without one the pipe is at its end whenever the site closes its.
        self._writer = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
        return self

    def __exit__(self, *_: object) -> None:
        """Take the pipe away: the site hears that nobody listens."""
        self._path.unlink(missing_ok=True)
        os.close(self._reader)
        os.close(self._writer)

    def listen(self, interruption: Interruption) -> None:
        """Act on wishes from now on."""
        interruption.on_readable(self._reader, self._obey)

    def _obey(self) -> None:
        wishes: list[str] = []
        with contextlib.suppress(BlockingIOError):
            wishes = os.read(self._reader, _READ_BYTES).decode(errors="replace").splitlines()
        if self._is_busy:  # called again while an action waits for something
            return
        known = [wish for wish in wishes if wish in self._actions]
        if not known:
            return
        self._is_busy = True
        try:
            self._actions[known[0]]()
        finally:
            self._is_busy = False
