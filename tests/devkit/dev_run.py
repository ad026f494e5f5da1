"""A `dev.py run` that was started for real, and what it shows."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Self

import psutil

from tests.devkit.waiting import is_gone, wait_for

ROOT = Path(__file__).resolve().parents[2]
END_LIMIT_S = 30.0
_START_LIMIT_S = 240.0  # the first one in a clone may have to make the virtual environment
_UP = "Ctrl-C stops everything."
# Opening a terminal as the leader of a new session makes it the controlling one.
_IN_TERMINAL = (
    "import os, sys; os.setsid(); fd = os.open(sys.argv[1], os.O_RDWR);"
    "[os.dup2(fd, n) for n in (0, 1, 2)]; os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
)


class DevRun:
    """`python dev.py run` in a state folder of its own; ended at the latest by `with`."""

    def __init__(self, folder: Path, *arguments: str, in_terminal: bool = False, **env: str):
        self.state = folder / "state"
        self._screen_file = folder / "screen.txt"
        self._arguments = ["dev.py", "run", "--state", str(self.state), *arguments]
        self._env = {name: value for name, value in os.environ.items() if name != "REDIS_URL"} | env
        self._in_terminal = in_terminal
        self._terminal: int | None = None
        self._shown = b""

    def __enter__(self) -> Self:
        if self._in_terminal:
            self._terminal, inner = os.openpty()
            os.set_blocking(self._terminal, False)
            argv = ["-c", _IN_TERMINAL, os.ttyname(inner), *self._arguments]
        else:
            argv = self._arguments
        with self._screen_file.open("wb") as screen:
            self.process = psutil.Popen(
                [sys.executable, *argv],
                cwd=ROOT,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=subprocess.STDOUT,
            )
        if self._in_terminal:
            self._inner = inner  # or the first look might find no other end
        return self

    def __exit__(self, *_: object) -> None:
        if not is_gone(self.process.pid):
            self.process.terminate()
        self.wait()
        self.close_terminal()

    @property
    def screen(self) -> str:
        """What it has shown so far, without colours."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self.raw_screen)

    @property
    def raw_screen(self) -> str:
        if self._terminal is not None:
            try:
                while chunk := os.read(self._terminal, 65536):
                    self._shown += chunk
            except OSError:  # nothing more now, or nobody at the other end
                pass
            return self._shown.decode().replace("\r\n", "\n")
        return self._screen_file.read_text()

    @property
    def site_port(self) -> int:
        return int(self._shown_at(r"http://localhost:(\d+)/"))

    @property
    def service_port(self) -> int:
        return int(self._shown_at(r"ws://localhost:(\d+)/"))

    @property
    def ports(self) -> tuple[int, int]:
        return self.site_port, self.service_port

    @property
    def pids(self) -> dict[str, int]:
        """The processes by the names on the screen."""
        pattern = r"(site|service|redis) +\S+ +.*process (\d+)$"
        return {name: int(pid) for name, pid in re.findall(pattern, self.screen, re.MULTILINE)}

    def wait_until_up(self) -> Self:
        wait_for(
            "dev.py run",
            lambda: _UP in self.screen or is_gone(self.process.pid),
            limit_s=_START_LIMIT_S,
        )
        assert _UP in self.screen, self.screen
        self.family = self.process.children(recursive=True)
        assert len(self.family) >= 5, "redis, Gunicorn and its workers, the service, the feed"
        return self

    def wait(self) -> int:
        """Give the exit status, within half a minute."""
        wait_for("dev.py's end", lambda: self.screen is not None and is_gone(self.process.pid))
        return int(self.process.wait(END_LIMIT_S))

    def press(self, key: bytes) -> None:
        """Type into the terminal."""
        assert self._terminal is not None
        os.write(self._terminal, key)

    def close_terminal(self) -> None:
        """Close the window."""
        if self._terminal is not None:
            assert self.screen
            for descriptor in (self._inner, self._terminal):
                os.close(descriptor)
            self._terminal = None

    def wait_until_everybody_is_gone(self) -> None:
        wait_for("the end of every process", lambda: all(is_gone(p.pid) for p in self.family))

    def _shown_at(self, pattern: str) -> str:
        found = re.search(pattern, self.screen)
        assert found, self.screen
        return found[1]
