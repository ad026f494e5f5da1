"""What a client has sent and the application has not taken yet."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

LIMIT_BYTES: Final = 262_144
"""Past it the client is not read from; one larger message still comes as a whole."""

EVENT_BYTES: Final = 512
"""What an event costs besides its content."""


class Transport(Protocol):
    """The part of a Twisted transport that stops a client."""

    def pauseProducing(self) -> None: ...  # noqa: N802
    def resumeProducing(self) -> None: ...  # noqa: N802


class Unread:
    """Gives the queue between Daphne and the application an end.

    It has none of its own: an application that doesn't receive for a while, on purpose or not,
    would let one client fill the memory. Now TCP holds the client back.

    queue: Daphne's; its two hooks for subclasses (``_put``, ``_get``) are replaced.
    on_resumed: called when the client is read from again.
    """

    def __init__(
        self, queue: asyncio.Queue[Any], transport: Transport, on_resumed: Callable[[], None]
    ) -> None:
        self._transport = transport
        self._on_resumed = on_resumed
        self._bytes = 0
        self.is_paused = False
        self._keep = queue._put
        self._take = queue._get
        queue._put = self._put  # type: ignore[method-assign]
        queue._get = self._get  # type: ignore[method-assign]

    def _put(self, item: Any) -> None:
        self._keep(item)
        self._bytes += _size_of(item)
        if self._bytes > LIMIT_BYTES and not self.is_paused:
            self.is_paused = True
            self._transport.pauseProducing()

    def _get(self) -> Any:
        event = self._take()
        self._bytes -= _size_of(event)
        if self.is_paused and self._bytes <= LIMIT_BYTES // 2:
            self.is_paused = False
            self._transport.resumeProducing()
            self._on_resumed()
        return event


def _size_of(event: Any) -> int:
    return EVENT_BYTES + len(event.get("text") or event.get("bytes") or "")
