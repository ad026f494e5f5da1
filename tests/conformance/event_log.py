"""What clients reported, in the order in which it happened."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

LIMIT_S = 15.0

Event = Mapping[str, Any]


class DidNotHappen(AssertionError):
    """An event was waited for in vain; the text has what was seen instead."""


class EventLog:
    """A list of events that one thread fills and others wait on.

    Each event gets `at`: when it was read here, on the monotonic clock, in seconds. It happened
    before that.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._changed = threading.Condition()

    def add(self, event: dict[str, Any]) -> None:
        with self._changed:
            self._events.append({**event, "at": time.monotonic()})
            self._changed.notify_all()

    def of(self, client: str, channel: str | None = None, type_: str | None = None) -> list[Event]:
        """The events of one client; of one channel; of one type."""
        with self._changed:
            return [
                event
                for event in self._events
                if event["client"] == client
                and (channel is None or event.get("channel") == channel)
                and (type_ is None or event["type"] == type_)
            ]

    def all(self) -> list[Event]:
        with self._changed:
            return list(self._events)

    def size(self) -> int:
        with self._changed:
            return len(self._events)

    def wait(self, condition: Callable[[], Any], what: str, limit_s: float = LIMIT_S) -> Any:
        """Wait until a condition on this log holds and give its value.

        Raises:
            DidNotHappen: it didn't in time.
        """
        deadline = time.monotonic() + limit_s
        with self._changed:  # a Condition's lock is reentrant: the condition may read the log
            while not (value := condition()):
                if not self._changed.wait(deadline - time.monotonic()):
                    seen = "\n".join(str(event) for event in self._events[-30:])
                    raise DidNotHappen(
                        f"{what} did not happen in {limit_s} s; the last seen:\n{seen}"
                    )
            return value
