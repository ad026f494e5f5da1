"""What a command stops with when something expected went wrong."""


class Failure(Exception):
    """Ends a command with one line for people, and the end of a log if there is one."""

    def __init__(self, message: str, *, log_tail: str = "") -> None:
        """Say what happened and what to do next in `message`."""
        super().__init__(message)
        self.message = message
        self.log_tail = log_tail
