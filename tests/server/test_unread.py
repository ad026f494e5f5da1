"""A client that sends faster than anybody reads is held back, not kept in memory."""

import asyncio
from typing import Any

from ws_service.server.unread import EVENT_BYTES, LIMIT_BYTES, Unread


class Transport:
    """What Twisted's would do."""

    is_paused = False

    def pauseProducing(self) -> None:  # noqa: N802
        assert not self.is_paused
        self.is_paused = True

    def resumeProducing(self) -> None:  # noqa: N802
        assert self.is_paused
        self.is_paused = False


def message(size: int) -> dict[str, Any]:
    return {"type": "websocket.receive", "text": "x" * size}


async def test_past_the_limit_the_client_is_not_read_from_until_half_is_taken() -> None:
    """And everything that came before is there, in its order."""
    queue: asyncio.Queue[Any] = asyncio.Queue()
    transport = Transport()
    Unread(queue, transport, lambda: None)
    sent = []
    while not transport.is_paused:
        sent.append(message(10_000 + len(sent)))
        queue.put_nowait(sent[-1])
    assert sum(len(each["text"]) + EVENT_BYTES for each in sent[:-1]) <= LIMIT_BYTES
    taken = []
    while transport.is_paused:
        taken.append(await queue.get())
    assert len(sent) // 3 < len(taken) < len(sent) * 2 // 3
    while not queue.empty():
        taken.append(queue.get_nowait())
    assert taken == sent


async def test_small_messages_count_with_what_they_cost() -> None:
    """A dict for two bytes is not two bytes."""
    queue: asyncio.Queue[Any] = asyncio.Queue()
    transport = Transport()
    Unread(queue, transport, lambda: None)
    for _ in range(LIMIT_BYTES // EVENT_BYTES + 1):
        queue.put_nowait({"type": "websocket.receive", "text": ""})
    assert transport.is_paused


async def test_one_message_over_the_limit_comes_as_a_whole() -> None:
    """The limit holds back, it doesn't refuse: message sizes have a limit of their own."""
    queue: asyncio.Queue[Any] = asyncio.Queue()
    transport = Transport()
    Unread(queue, transport, lambda: None)
    queue.put_nowait(message(2 * LIMIT_BYTES))
    assert transport.is_paused
    assert len((await queue.get())["text"]) == 2 * LIMIT_BYTES
    assert not transport.is_paused
