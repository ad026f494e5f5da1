"""One step of the checks: a command, how long it took, and how it ended."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devkit import checkout, environment, job
from devkit.child import Child
from devkit.interruption import Interruption
from devkit.terminal import Terminal

_SHOWN_LINES = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended; `problems` are reasons to fail that its exit status doesn't tell."""

    name: str
    took_s: float
    status: int | None
    output: str
    problems: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether it did what it should."""
        return self.status == 0 and not self.problems

    def row(self, terminal: Terminal) -> str:
        """Give its line in a summary."""
        mark = terminal.styled("ok", "green") if self.is_good else terminal.styled("FAILED", "red")
        return f"  {self.name:<28} {self.took_s:7.1f} s  {mark}"


def take(
    name: str,
    argv: Sequence[str | os.PathLike[str]],
    terminal: Terminal,
    interruption: Interruption,
    *,
    timeout_s: float,
    logs: Path = checkout.STATE / "logs",
    streams: bool = False,
    extra_env: Mapping[str, str] | None = None,
) -> Outcome:
    """Run a command in the checkout; its output is shown as it comes (`streams`) or if it fails.

    Raises:
        Interrupted: somebody asked for the end meanwhile.
    """
    log = logs / f"{name.replace(' ', '-')}.log"
    log.unlink(missing_ok=True)
    # SIGINT, so that pytest takes its fixtures down.
    child = Child(
        name,
        argv,
        env=environment.own(**(extra_env or {})),
        cwd=checkout.ROOT,
        log=log,
        stop_signal=signal.SIGINT,
    )
    terminal.step(name)
    follower = _Follower(log, terminal) if streams else None
    started_at_s = time.monotonic()
    try:
        status = job.finish(
            child, interruption, timeout_s=timeout_s, on_tick=follower.show if follower else None
        )
    finally:
        if follower:
            follower.show()
    outcome = Outcome(
        name, time.monotonic() - started_at_s, status, log.read_text(errors="replace")
    )
    if status is None:
        terminal.problem(f"{name} took longer than {timeout_s / 60:.0f} minutes")
    if status != 0 and not streams:
        terminal.line("\n".join(outcome.output.splitlines()[-_SHOWN_LINES:]))
    return outcome


class _Follower:
    """Shows what was added to a log since the last look."""

    def __init__(self, log: Path, terminal: Terminal) -> None:
        self._log = log
        self._terminal = terminal
        self._shown_bytes = 0

    def show(self) -> None:
        with self._log.open("rb") as log:
            log.seek(self._shown_bytes)
            added = log.read()
        self._shown_bytes += len(added)
        self._terminal.raw(added.decode(errors="replace"))
