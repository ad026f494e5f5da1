"""What people see: short lines, colour where it is wanted, and no crash when nobody looks."""

import os
import sys

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Terminal:
    """Standard output, line by line.

    Colour only on a terminal and without `NO_COLOR` (no-color.org). Once a write fails, because
    the terminal was closed or the reader of a pipe went away, everything further is dropped:
    the clean-up that follows must not fail for want of an audience.
    """

    def __init__(self) -> None:
        """Look at standard output as it is now."""
        self.is_interactive = sys.stdout.isatty()
        self.has_colour = (
            self.is_interactive
            and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb"
        )
        self._is_gone = False

    def styled(self, text: str, style: str) -> str:
        """Give `text` in bold, dim, red, green, yellow or cyan; plain where colour isn't wanted."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.has_colour else text

    def line(self, text: str = "") -> None:
        """Write a line."""
        self._write(text + "\n")

    def raw(self, text: str) -> None:
        """Write a program's output as it is."""
        if text:
            self._write(text)

    def step(self, text: str) -> None:
        """Say what is being done now."""
        self.line(self.styled("· ", "dim") + text)

    def problem(self, text: str) -> None:
        """Say what went wrong."""
        self.line(self.styled("✗ ", "red") + text)

    def notice(self, text: str) -> None:
        """Say what is worth knowing, though nothing failed."""
        self.line(self.styled("! ", "yellow") + text)

    def excerpt(self, text: str) -> None:
        """Show lines of a log, indented."""
        for line in text.splitlines():
            self.line(self.styled("    " + line, "dim"))

    def _write(self, text: str) -> None:
        if self._is_gone:
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except UnicodeEncodeError:  # LC_ALL=C and the like
            encoding = sys.stdout.encoding
            self._write(text.encode(encoding, "replace").decode(encoding))
        except OSError:
            self._is_gone = True
            # What is left in the buffer must not fail again at the interpreter's exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
