"""One client of topics, on the ASGI path: one reader, one writer, a session between them."""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from ws_service.asgi_types import Receive, Send
from ws_service.gateway.commands import Commands, Refused
from ws_service.hub.send_buffer import SendBuffer
from ws_service.hub.subscription import Subscription
from ws_service.hub.wheel import Timer, Wheel
from ws_service.metrics import count
from ws_service.protocol.codes import Disconnect, ReplyError, Unsubscribe
from ws_service.protocol.effects import Ask, Close, Detach, Effect, Established, Write
from ws_service.protocol.lines import Lines
from ws_service.protocol.messages import (
    ConnectRequest,
    HistoryRequest,
    SubscribeRequest,
    SubscribeResult,
)
from ws_service.protocol.session import Session

logger = logging.getLogger(__name__)

CONNECT_LIMIT_S: Final = 10.0
PONG_LIMIT_S: Final = 8.0
CLOSE_LIMIT_S: Final = 5.0
"""For the last frames to leave: a client that doesn't read must not hold up the end."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """ping_interval_s: whole seconds, as the client is told. send_buffer_bytes: what may wait."""

    ping_interval_s: int
    send_buffer_bytes: int


class Connection:
    """Carries out what the session asks for."""

    __slots__ = (
        "_buffer", "_commands", "_limits", "_loop", "_readable", "_session", "_subscriptions",
        "_tasks", "_timer", "_user", "_wheel", "_writer",
    )  # fmt: skip

    def __init__(
        self,
        session: Session,
        user: Any,
        commands: Commands,
        wheel: Wheel,
        limits: ConnectionLimits,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._session = session
        self._user = user
        self._commands = commands
        self._wheel = wheel
        self._limits = limits
        self._buffer = SendBuffer(limits.send_buffer_bytes)
        self._subscriptions: dict[str, Subscription] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._readable = asyncio.Event()
        self._timer: Timer | None = None
        self._writer: asyncio.Task[None] | None = None

    async def run(self, receive: Receive, send: Send) -> None:
        """Serve an accepted WebSocket until it ends."""
        self._timer = self._wheel.after(
            CONNECT_LIMIT_S, lambda: self._apply(self._session.connect_due())
        )
        reader = asyncio.create_task(self._read(receive))
        writer = self._writer = asyncio.create_task(self._write(send))
        try:
            await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._apply(self._session.disconnect(Disconnect.SHUTDOWN))
            await asyncio.wait((writer,), timeout=CLOSE_LIMIT_S)
            raise
        finally:
            self._release()
            self._writer = None
            reader.cancel()
            writer.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)
        for task in (reader, writer):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    # --- the hub's side ------------------------------------------------------------------

    def deliver(self, lines: Lines) -> None:
        """Replies, and publications of a topic that this connection is attached to."""
        if not self._buffer.write(lines):
            count("ws_service_slow_connections_total")
            # Not at once: the hub may be walking over its subscriptions.
            self._loop.call_soon(lambda: self._apply(self._session.disconnect(Disconnect.SLOW)))

    def has_room(self, size_bytes: int) -> bool:
        """Whether the send buffer takes so much more; at the end it takes everything."""
        return self._buffer.end is not None or self._buffer.has_room(size_bytes)

    async def wait_for_room(self) -> None:
        """Return when the client has read something."""
        await self._buffer.wait_for_room()

    def lose_position(self, subscription: Subscription) -> None:
        """The hub has detached a subscription: the client must start again from its position."""
        if self._subscriptions.get(subscription.channel) is subscription:
            self._apply(
                self._session.unsubscribe(subscription.channel, Unsubscribe.INSUFFICIENT_STATE)
            )

    # --- the socket's side ---------------------------------------------------------------

    async def _read(self, receive: Receive) -> None:
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return
            text = event.get("text")
            frame = event.get("bytes") or b"" if text is None else text
            self._apply(self._session.receive(frame, self._loop.time()))
            while self._session.is_congested:
                self._readable.clear()
                await self._readable.wait()

    async def _write(self, send: Send) -> None:
        while True:
            frame = await self._buffer.take()
            if isinstance(frame, Disconnect):
                end = frame.value
                await send({"type": "websocket.close", "code": end.code, "reason": end.reason})
                return
            try:
                await send({"type": "websocket.send", "text": frame.text})
            except OSError:
                return  # the client has left; the reader is told as well

    # --- effects -------------------------------------------------------------------------

    def _apply(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Write(lines):
                    self.deliver(lines)
                case Detach(channel):
                    if (subscription := self._subscriptions.pop(channel, None)) is not None:
                        self._commands.hub.unsubscribe(subscription)
                case Close(disconnect):
                    self._buffer.close(disconnect)
                    self._release()
                    self._schedule(CLOSE_LIMIT_S, self._abandon)
                case Ask(command_id, ConnectRequest()):
                    self._apply(self._session.connected(command_id, {}))
                case Ask(command_id, SubscribeRequest() as request, arrived_s):
                    self._start(self._subscribe(command_id, request, arrived_s))
                case Ask(command_id, HistoryRequest() as request, arrived_s):
                    self._start(self._read_history(command_id, request, arrived_s))
                case Ask(command_id):
                    self._apply(self._session.failed(command_id, ReplyError.NOT_AVAILABLE))
                case Established():
                    # Spread, or all clients of a restarted server would be pinged together.
                    first_s = self._limits.ping_interval_s * random.uniform(0.5, 1)  # noqa: S311
                    self._schedule(first_s, self._ping)
        if not self._readable.is_set():
            self._readable.set()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _subscribe(
        self, command_id: int, request: SubscribeRequest, arrived_s: float
    ) -> None:
        subscription = Subscription(request.channel, self)

        def answer(result: SubscribeResult) -> None:
            if self._session.is_closed:
                self._commands.hub.unsubscribe(subscription)
                return
            self._subscriptions[subscription.channel] = subscription
            self._apply(self._session.answered(command_id, result))

        try:
            await self._commands.subscribe(self._user, request, arrived_s, subscription, answer)
        except Refused as refused:
            self._apply(self._session.failed(command_id, refused.error))
        except Exception:
            logger.exception("A subscription to %r failed", request.channel)
            self._apply(self._session.failed(command_id, ReplyError.INTERNAL))

    async def _read_history(
        self, command_id: int, request: HistoryRequest, arrived_s: float
    ) -> None:
        is_subscribed = request.channel in self._subscriptions
        try:
            result = await self._commands.read_history(
                self._user, request, arrived_s, self, is_subscribed=is_subscribed
            )
        except Refused as refused:
            self._apply(self._session.failed(command_id, refused.error))
        except Exception:
            logger.exception("The history of %r could not be read", request.channel)
            self._apply(self._session.failed(command_id, ReplyError.INTERNAL))
        else:
            self._apply(self._session.answered(command_id, result))

    # --- timers and the end --------------------------------------------------------------

    def _schedule(self, delay_s: float, callback: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._wheel.after(delay_s, callback)

    def _ping(self) -> None:
        self._apply(self._session.ping_due())
        limit_s = min(PONG_LIMIT_S, self._limits.ping_interval_s * 0.5)
        self._schedule(limit_s, lambda: self._check_pong(limit_s))

    def _check_pong(self, waited_s: float) -> None:
        self._apply(self._session.pong_due())
        if not self._session.is_closed:
            self._schedule(self._limits.ping_interval_s - waited_s, self._ping)

    def _abandon(self) -> None:
        """The client doesn't read what is left for it: end without its consent."""
        if self._writer is not None:
            self._writer.cancel()

    def _release(self) -> None:
        """Let go of everything that would outlive the connection; harmless when repeated."""
        self._session.lost()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for subscription in self._subscriptions.values():
            self._commands.hub.unsubscribe(subscription)
        self._subscriptions.clear()
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()
