"""Images that are built while something else goes on: the first minutes of `dev.py test --all`."""

import sys
import time
from pathlib import Path
from typing import Self

from devkit import checkout, environment, job
from devkit.child import Child
from devkit.interruption import Interruption
from devkit.step import Outcome
from devkit.terminal import Terminal

_NAME = "images"
_TIMEOUT_S = 900.0


class ImagesMeanwhile:
    """`dev.py images` as a process of its own, from `with` on; stopped at the end of the block."""

    def __init__(self, logs: Path) -> None:
        """Describe it; `logs` gets its output."""
        self._log = logs / f"{_NAME}.log"
        self._child = Child(
            _NAME,
            [sys.executable, checkout.ROOT / "dev.py", _NAME],
            env=environment.own(),
            cwd=checkout.ROOT,
            log=self._log,
        )

    def __enter__(self) -> Self:
        """Start."""
        self._log.unlink(missing_ok=True)
        self._started_at_s = time.monotonic()
        self._child.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, if it has not ended."""
        self._child.stop()

    def outcome(self, terminal: Terminal, interruption: Interruption) -> Outcome:
        """Wait for its end and show what it has said: the sizes, or what went wrong.

        Raises:
            Interrupted: somebody asked for the end meanwhile.
        """
        terminal.step(_NAME)
        status = job.wait(self._child, interruption, timeout_s=_TIMEOUT_S)
        output = self._log.read_text(errors="replace")
        terminal.raw(output)
        ended_at_s = self._log.stat().st_mtime - time.time() + time.monotonic()
        return Outcome(_NAME, ended_at_s - self._started_at_s, status, output)
