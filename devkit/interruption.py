"""Ctrl-C, SIGTERM and a closed terminal, as something to wait for instead of an exception.

An exception may be raised between two statements, for instance after a child was started and
before anybody knows of it. Here a signal is noted, and looked at where it is safe.
"""

import contextlib
import select
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Self

_REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """Somebody asked this process to end; `signum` says how."""

    def __init__(self, signum: int) -> None:
        """Keep the signal's number."""
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


class Interruption:
    """Catches the signals that ask for an end, while it is entered.

    One instance a process, entered in the main thread. A child's end wakes `wait()` too.
    """

    def __init__(self) -> None:
        """Nothing is caught before it is entered."""
        self.signum: int | None = None
        self.count = 0
        self._previous: dict[int, object] = {}
        self._callbacks: dict[int, Callable[[], None]] = {}
        self._readable: dict[int, Callable[[], None]] = {}

    def __enter__(self) -> Self:
        """Catch the signals."""
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._previous_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for signum in _REQUESTS:
            # `nohup dev.py run` and systemd ignore SIGHUP on purpose.
            if signum != signal.SIGHUP or signal.getsignal(signum) != signal.SIG_IGN:
                self._previous[signum] = signal.signal(signum, self._note)
        # Python writes to the wake-up socket only for signals that have a handler in Python.
        self._previous[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, _ignore)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back; after an interruption this process is on its way out."""
        signal.set_wakeup_fd(self._previous_fd)
        for signum, handler in self._previous.items():
            # One Ctrl-C too many must not end in a traceback.
            if self.signum is None or signum not in _REQUESTS:
                signal.signal(signum, handler)  # type: ignore[arg-type]
        self._reader.close()
        self._writer.close()

    def on(self, signum: int, callback: Callable[[], None]) -> None:
        """Call `callback` from `wait()` when `signum` has come."""
        self._callbacks[signum] = callback
        self._previous[signum] = signal.signal(signum, _ignore)

    def on_readable(self, fd: int, callback: Callable[[], None]) -> None:
        """Call `callback` from `wait()` when `fd` has something to read; it must read it."""
        self._readable[fd] = callback

    def wait(self, timeout_s: float) -> None:
        """Wait until a signal comes, a child ends, something can be read, or the time is over.

        Raises:
            Interrupted: somebody asked for the end, now or before.
        """
        self.check()
        self.pause(timeout_s)
        self.check()

    def pause(self, timeout_s: float) -> None:
        """Wait in the same way, but don't raise: for the clean-up after an interruption."""
        watched = [self._reader.fileno(), *self._readable]
        readable = select.select(watched, [], [], timeout_s)[0]
        if self._reader.fileno() in readable:
            with contextlib.suppress(BlockingIOError):
                for signum in self._reader.recv(4096):
                    if signum in self._callbacks:
                        self._callbacks[signum]()
        for fd, callback in list(self._readable.items()):
            if fd in readable:
                callback()

    def check(self) -> None:
        """Raise `Interrupted` if somebody has asked for the end."""
        if self.signum is not None:
            raise Interrupted(self.signum)

    def _note(self, signum: int, _: FrameType | None) -> None:
        self.count += 1
        self.signum = self.signum or signum


def _ignore(_signum: int, _frame: FrameType | None) -> None:
    pass
