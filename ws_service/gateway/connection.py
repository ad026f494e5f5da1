"""One client's WebSocket on the ASGI path: one reader, one writer, a conversation between them."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from ws_service.asgi_types import Receive, Send
from ws_service.gateway.commands import Commands
from ws_service.gateway.conversation import Conversation
from ws_service.hub.send_buffer import SendBuffer
from ws_service.hub.wheel import Timer
from ws_service.protocol.codes import Disconnect, EndEntry
from ws_service.protocol.one_way import OneWaySession
from ws_service.protocol.session import Session

CLOSE_LIMIT_S: Final = 5.0
"""For the last frames to leave: a client that doesn't read must not hold up the end."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """ping_interval_s: whole seconds, as the client is told. send_buffer_bytes: what may wait."""

    ping_interval_s: int
    send_buffer_bytes: int


class Connection:
    """Moves bytes: frames to the conversation, lines from its buffer to the client."""

    __slots__ = (
        "_abandoning", "_buffer", "_conversation", "_readable", "_session", "_wheel", "_writer",
    )  # fmt: skip

    def __init__(
        self,
        session: Session | OneWaySession,
        user: Any,
        commands: Commands,
        limits: ConnectionLimits,
    ) -> None:
        self._session = session
        self._wheel = commands.hub.wheel
        self._buffer = SendBuffer(limits.send_buffer_bytes)
        self._readable = asyncio.Event()
        self._abandoning: Timer | None = None
        self._writer: asyncio.Task[None] | None = None
        self._conversation = Conversation(
            session, user, commands, self._buffer, limits.ping_interval_s, self._on_change
        )

    async def run(self, receive: Receive, send: Send, first_frame: str | None = None) -> None:
        """Serve an accepted WebSocket until it ends.

        first_frame: what the client said with its handshake already.
        """
        if first_frame is not None:
            self._conversation.receive(first_frame)
        reader = asyncio.create_task(self._read(receive))
        writer = self._writer = asyncio.create_task(self._write(send))
        try:
            await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._conversation.disconnect(Disconnect.SHUTDOWN.value)
            await asyncio.wait((writer,), timeout=CLOSE_LIMIT_S)
            raise
        finally:
            self._conversation.lost()
            if self._abandoning is not None:
                self._abandoning.cancel()
            reader.cancel()
            writer.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)
        for task in (reader, writer):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _read(self, receive: Receive) -> None:
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return
            text = event.get("text")
            self._conversation.receive(event.get("bytes") or b"" if text is None else text)
            while self._conversation.is_congested:
                self._readable.clear()
                await self._readable.wait()

    async def _write(self, send: Send) -> None:
        while True:
            taken = await self._buffer.take()
            if isinstance(taken, EndEntry):
                await send({"type": "websocket.close", "code": taken.code, "reason": taken.reason})
                return
            try:
                for text in self._session.frames(taken):
                    await send({"type": "websocket.send", "text": text})
            except OSError:
                return  # the client has left; the reader is told as well

    def _on_change(self) -> None:
        if not self._readable.is_set():
            self._readable.set()
        if self._buffer.end is not None and self._abandoning is None:
            self._abandoning = self._wheel.after(CLOSE_LIMIT_S, self._abandon)

    def _abandon(self) -> None:
        """The client doesn't read what is left for it: end without its consent."""
        if self._writer is not None:
            self._writer.cancel()
