"""One WebSocket connection, as bare as it can be: it counts now and reads later.

While a burst is measured each message costs one ``bytes.count``; what the messages say is read
and checked when the clock has stopped.
"""

import asyncio
import base64
import json
import os
import time
from collections.abc import Callable, Sequence
from typing import Final

from benchmarks.dialect import COMMANDS_IN_A_FRAME
from benchmarks.frames import FrameReader, Opcode, UnexpectedFrame, masked
from benchmarks.publication import MARKER

_PING: Final = b"{}"


class ConnectionFailed(Exception):
    """The handshake or a command was refused, or the server closed the connection."""


class Connection(asyncio.Protocol):
    """A client that keeps every delivery with the time of its arrival.

    messages: (monotonic time in seconds, payload) of every message with a delivery in it.
    delivered: how many deliveries those messages have.
    """

    def __init__(
        self,
        host: str,
        path: str,
        on_delivery: Callable[[int], None],
        on_failure: Callable[[], None],
    ) -> None:
        self.messages: list[tuple[float, bytes]] = []
        self.delivered = 0
        self._host, self._path = host, path
        self._on_delivery = on_delivery
        self._on_failure = on_failure
        self._frames = FrameReader()
        self._handshake: bytes | None = b""
        self._step = asyncio.get_running_loop().create_future()
        self._unanswered = 0
        self._failure: ConnectionFailed | None = None

    async def opened(self, timeout_s: float) -> None:
        """Wait for the handshake. Raises ConnectionFailed, TimeoutError."""
        await asyncio.wait_for(self._step, timeout_s)

    async def tell(self, commands: Sequence[str], timeout_s: float) -> None:
        """Send commands, many in a frame, and wait for all answers.

        Raises ConnectionFailed, TimeoutError.
        """
        if self._failure:
            raise self._failure
        if not commands:
            return
        self._step = asyncio.get_running_loop().create_future()
        self._unanswered = len(commands)
        for at in range(0, len(commands), COMMANDS_IN_A_FRAME):
            text = "\n".join(commands[at : at + COMMANDS_IN_A_FRAME])
            self._transport.write(masked(Opcode.TEXT, text.encode()))
        await asyncio.wait_for(self._step, timeout_s)

    def close(self) -> None:
        self._failure = ConnectionFailed("closed by ourselves")
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            f"GET {self._path} HTTP/1.1",
            f"Host: {self._host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            f"Origin: http://{self._host}",
        )
        transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def data_received(self, data: bytes) -> None:
        if self._handshake is not None:
            head, end, data = (self._handshake + data).partition(b"\r\n\r\n")
            if not end:
                self._handshake = head
                return
            self._handshake = None
            if not head.startswith(b"HTTP/1.1 101"):
                self._fail(f"the handshake was answered {head[:60]!r}")
                return
            self._step.set_result(None)
        now_s = time.monotonic()
        try:
            for opcode, payload in self._frames.feed(data):
                if opcode == Opcode.TEXT:
                    self._message(now_s, payload)
                elif opcode == Opcode.PING:
                    self._transport.write(masked(Opcode.PONG, payload))
                elif opcode == Opcode.CLOSE:
                    self._fail(f"the server closed with {payload!r}")
        except UnexpectedFrame as error:
            self._fail(str(error))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the connection was lost: {exc}")

    @property
    def failure(self) -> ConnectionFailed | None:
        """Why it can't have got everything."""
        return self._failure

    def _message(self, now_s: float, payload: bytes) -> None:
        count = payload.count(MARKER)
        if count:
            self.messages.append((now_s, payload))
            self.delivered += count
            self._on_delivery(count)
            if _PING not in payload and not self._unanswered:
                return
        for line in payload.split(b"\n"):
            if line == _PING:
                self._transport.write(masked(Opcode.TEXT, _PING))
            elif self._unanswered and MARKER not in line:
                self._reply(line)

    def _reply(self, line: bytes) -> None:
        reply = json.loads(line)
        if "error" in reply:
            self._fail(f"a command was answered {reply['error']}")
        elif "id" in reply:
            self._unanswered -= 1
            if not self._unanswered and not self._step.done():
                self._step.set_result(None)

    def _fail(self, reason: str) -> None:
        if self._failure is None:
            self._failure = ConnectionFailed(reason)
            self._on_failure()
        if not self._step.done():
            self._step.set_exception(self._failure)
        self._transport.abort()
