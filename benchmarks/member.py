"""A client that behaves as the official libraries do: what is temporary is tried again."""

import asyncio
import json
import random
import time
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

SHORTEST_WAIT_S: Final = 0.5
"""The JavaScript library's own."""


class RefusedForGood(Exception):
    """An error that client libraries don't try again after."""


class Member:
    """One client of one topic.

    longest_wait_s: between two attempts, as the application has set it.
    errors: how often it was told to try again.
    """

    def __init__(self, port: int, topic: str, longest_wait_s: float) -> None:
        self.errors = 0
        self.arrivals: list[tuple[float, Any]] = []
        self._url = f"ws://127.0.0.1:{port}/connection/websocket"
        self._topic = topic
        self._longest_wait_s = longest_wait_s
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def join(self) -> float:
        """Connect and subscribe, however often it takes; gives the seconds that it took.

        Raises RefusedForGood.
        """
        started_s = time.monotonic()
        while not await self._attempt({"connect": {}}, is_new=True):
            await self._wait()
        while not await self._attempt({"subscribe": {"channel": self._topic}}):
            await self._wait()
        self._reader = asyncio.create_task(self._read())
        return time.monotonic() - started_s

    async def leave(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def _attempt(self, command: dict[str, Any], *, is_new: bool = False) -> bool:
        if is_new:
            await self.leave()
            self._socket = await connect(self._url, proxy=None, ping_interval=None)
        assert self._socket  # noqa: S101 - for the type checker
        await self._socket.send(json.dumps({"id": self.errors + (1 if is_new else 2), **command}))
        error = (await self._reply()).get("error")
        if error is None:
            return True
        if not error.get("temporary"):
            raise RefusedForGood(f"{self._topic}: {error}")
        self.errors += 1
        return False

    async def _reply(self) -> dict[str, Any]:
        while True:
            for message in await self._messages():
                if "id" in message:
                    return message

    async def _messages(self) -> list[dict[str, Any]]:
        """Those of the next frame; pings are answered here."""
        assert self._socket  # noqa: S101 - for the type checker
        messages = [json.loads(line) for line in str(await self._socket.recv()).split("\n")]
        for _ in filter(lambda message: not message, messages):
            await self._socket.send("{}")
        return messages

    async def _read(self) -> None:
        while True:
            messages = await self._messages()
            now_s = time.monotonic()
            pushes = [message["push"] for message in messages if "push" in message]
            self.arrivals += [(now_s, push["pub"]["data"]) for push in pushes if "pub" in push]

    async def _wait(self) -> None:
        """Full jitter, doubled each time (protocol reference, 9)."""
        longest_s = min(self._longest_wait_s, SHORTEST_WAIT_S * 2**self.errors)
        delay_s = SHORTEST_WAIT_S + random.uniform(0, longest_s)  # noqa: S311
        await asyncio.sleep(min(self._longest_wait_s, delay_s))
