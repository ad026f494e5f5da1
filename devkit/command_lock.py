"""One command of a kind at a time in one state folder: two would share logs and a database."""

import fcntl
import json
import os
from pathlib import Path
from typing import Self

from devkit.failure import Failure


class CommandLock:
    """Held while the command works; the kernel lets go of it when the process ends.

    It does so however the process ends: a file that was left behind means nothing, and is kept.
    """

    def __init__(self, command: str, state: Path) -> None:
        """Describe the lock of `dev.py <command>` in the folder `state`."""
        self._command = command
        self._path = state / f"{command}.lock"

    def __enter__(self) -> Self:
        """Take it.

        Raises:
            Failure: another one runs; its process and address are in the message.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = self._owner()
            self._file.close()
            raise Failure(
                f"dev.py {self._command} is at work here already{owner}: use that one, "
                "stop it with Ctrl-C, or give this one a folder of its own with --state"
            ) from None
        self.write("")
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of it."""
        self._file.truncate(0)
        self._file.close()

    def write(self, url: str) -> None:
        """Tell those who come later where this one can be found."""
        self._file.truncate(0)
        self._file.write(json.dumps({"pid": os.getpid(), "url": url}))
        self._file.flush()

    def _owner(self) -> str:
        try:
            self._file.seek(0)
            owner = json.load(self._file)
            return f" (process {owner['pid']} {owner['url']}".rstrip() + ")"
        except (ValueError, KeyError, TypeError):
            return ""
