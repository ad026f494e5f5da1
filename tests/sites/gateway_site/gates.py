"""Gates: the site's functions wait at one for as long as a test keeps it closed.

`ws/gate/<name>/` closes a gate, says so with a message, and then once more when somebody waits at
it; the gate opens when that WebSocket ends. A gate that nobody keeps is open.
"""

import asyncio
import threading
from contextlib import suppress
from typing import Any, Final

LONG_S: Final = 10.0


class Gate:
    """Closed from its making on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()


_closed: dict[str, Gate] = {}


def wait_at(name: str) -> None:
    """In a thread of its own."""
    if (gate := _closed.get(name)) is not None:
        gate.reached.set()
        gate.opened.wait(LONG_S)


async def wait_in_loop_at(name: str) -> None:
    """As long as the gate is closed."""
    if (gate := _closed.get(name)) is not None:
        gate.reached.set()
        await _set(gate.opened)


async def keep_gate(scope: Any, receive: Any, send: Any) -> None:
    """`ws/gate/<name>/`."""
    name = scope["url_route"]["kwargs"]["name"]
    gate = _closed[name] = Gate()
    try:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": '"closed"'})
        with suppress(TimeoutError):
            async with asyncio.timeout(LONG_S):
                await _set(gate.reached)
        await send({"type": "websocket.send", "text": '"reached"'})
        while (await receive())["type"] != "websocket.disconnect":
            pass
    finally:
        del _closed[name]
        gate.opened.set()


async def _set(event: threading.Event) -> None:
    """Threads and the loop wait for the same."""
    while not event.is_set():  # noqa: ASYNC110 - an asyncio.Event is no use to threads
        await asyncio.sleep(0.01)
