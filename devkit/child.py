"""One child process: in its own session, with its own log, and never left behind."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

_TETHER = Path(__file__).with_name("tether.py")
_KILL_WAIT_S = 10.0
_TAIL_BYTES = 64 * 1024


class Child:
    """A command that runs beside this process until it is stopped.

    It has its own session, so a Ctrl-C in the terminal reaches this process only, which can then
    stop its children in order. Standard output and error go to `log` (appended), standard input
    is empty. On Linux it gets SIGTERM when this process dies, even by SIGKILL; the kernel
    watches the *thread* that called `start()`, so call it from one that lives on.

    Not thread-safe. `start()` may be called again once the process has ended.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | os.PathLike[str]],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        log: Path,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Describe the child; `env` is its whole environment (None: this process's own).

        `stop_signal` is how it is asked to end.
        """
        self.name = name
        self.argv = [os.fspath(argument) for argument in argv]
        self.log = log
        self._env = env
        self._cwd = cwd
        self._stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None
        self._has_group = False
        self._log_start_bytes = 0

    def __enter__(self) -> Self:
        """Start it, unless it already runs."""
        if not self.is_running:
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    @property
    def pid(self) -> int:
        """The process id, which is also its process group's and its session's."""
        return self._started().pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start the process; returns at once, before the command is up.

        A command that can't be executed ends with status 127 and says why in the log.
        """
        if self.is_running:
            raise ValueError(f"{self.name} runs already, as process {self.pid}")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._log_start_bytes = log.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", _TETHER, str(os.getpid()), *self.argv],
                env=self._env,
                cwd=self._cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._has_group = True
        return self

    def poll(self) -> int | None:
        """Give the exit status (negative: the signal that ended it), None while it runs."""
        return None if self._process is None else self._process.poll()

    def wait(self, timeout_s: float) -> int:
        """Wait until it ends by itself and give its exit status.

        Raises:
            subprocess.TimeoutExpired: it still runs after `timeout_s`.
        """
        return self._started().wait(timeout_s)

    def interrupt(self) -> None:
        """Ask it to end, without waiting: `stop()` afterwards waits."""
        if self.is_running:
            self._started().send_signal(self._stop_signal)

    def stop(self, timeout_s: float = 10.0) -> int | None:
        """Ask it to end, wait up to `timeout_s`, then kill what is left of its process group.

        Only the leader is asked: it knows in which order its own children must go. Gives the
        exit status; None if it was never started. Harmless when it has ended already.
        """
        if self._process is None:
            return None
        self.interrupt()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        return self.kill()

    def kill(self) -> int | None:
        """Kill the whole process group at once (SIGKILL) and give the exit status."""
        if self._process is None:
            return None
        if self._has_group:  # only once: afterwards the number may belong to somebody else
            self._has_group = False
            # Nobody left is fine; macOS answers EPERM when only zombies are.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait(_KILL_WAIT_S)

    def tail(self, lines: int = 20) -> str:
        """Give the last lines of what it wrote since it was last started."""
        try:
            with self.log.open("rb") as log:
                size_bytes = log.seek(0, os.SEEK_END)
                log.seek(max(self._log_start_bytes, size_bytes - _TAIL_BYTES))
                text = log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ValueError(f"{self.name} was never started")
        return self._process
