"""One client of topics, on the ASGI path: one reader, one writer, a session between them."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from ws_service.asgi_types import Receive, Send
from ws_service.gateway.client import Attachment, Client
from ws_service.gateway.commands import Commands
from ws_service.gateway.connecting import Granted
from ws_service.gateway.policy import TIME_LIMIT_S
from ws_service.gateway.refused import Disconnected, Refused, Unsubscribed
from ws_service.gateway.subscribing import Answer
from ws_service.gateway.token_life import seconds_left, seconds_to_the_end
from ws_service.hub.send_buffer import SendBuffer
from ws_service.hub.subscription import Subscription
from ws_service.hub.wheel import Timer, Wheel
from ws_service.metrics import count
from ws_service.protocol.codes import Disconnect, EndEntry, ReplyError, Unsubscribe
from ws_service.protocol.effects import Ask, Close, Detach, Effect, Established, Write
from ws_service.protocol.lines import Lines
from ws_service.protocol.messages import (
    ConnectRequest,
    RefreshRequest,
    SubRefreshRequest,
    SubRefreshResult,
    SubscribeRequest,
    SubscribeResult,
)
from ws_service.protocol.one_way import OneWaySession
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
        "_buffer", "_commands", "_expiry", "_held", "_limits", "_loop", "_readable", "_session",
        "_tasks", "_timer", "_wheel", "_writer", "client",
    )  # fmt: skip

    def __init__(
        self,
        session: Session | OneWaySession,
        user: Any,
        commands: Commands,
        wheel: Wheel,
        limits: ConnectionLimits,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._session = session
        self.client = Client(session.client, user)
        self._commands = commands
        self._wheel = wheel
        self._limits = limits
        self._buffer = SendBuffer(limits.send_buffer_bytes)
        # What topics deliver before the client knows that it is connected.
        self._held: list[Lines] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._readable = asyncio.Event()
        self._timer: Timer | None = None
        self._expiry: Timer | None = None
        self._writer: asyncio.Task[None] | None = None

    async def run(self, receive: Receive, send: Send, first_frame: str | None = None) -> None:
        """Serve an accepted WebSocket until it ends.

        first_frame: what the client said with its handshake already.
        """
        self._timer = self._wheel.after(
            CONNECT_LIMIT_S, lambda: self._apply(self._session.connect_due())
        )
        if first_frame is not None:
            self._apply(self._session.receive(first_frame, self._loop.time()))
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
        """Pushes of topics that this connection is attached to."""
        if self._held is None:
            self._put(lines)
        elif sum(each.size for each in self._held) + lines.size > self._limits.send_buffer_bytes:
            self._give_up_slow()
        else:
            self._held.append(lines)

    def has_room(self, size_bytes: int) -> bool:
        """Whether the send buffer takes so much more; at the end it takes everything."""
        return self._buffer.end is not None or self._buffer.has_room(size_bytes)

    async def wait_for_room(self) -> None:
        """Return when the client has read something."""
        await self._buffer.wait_for_room()

    def lose_position(self, subscription: Subscription) -> None:
        """The hub has detached a subscription: the client must start again from its position."""
        attachment = self.client.attachments.get(subscription.channel)
        if attachment is None or attachment.subscription is not subscription:
            return
        if self._held is None:
            self.unsubscribe(subscription.channel, Unsubscribe.INSUFFICIENT_STATE)
        else:
            self._apply(self._session.disconnect(Disconnect.INSUFFICIENT_STATE))

    # --- the registry's side -------------------------------------------------------------

    def disconnect(self, end: EndEntry) -> None:
        """End it."""
        self._apply(self._session.disconnect(end))

    def unsubscribe(self, channel: str, end: Unsubscribe) -> None:
        """End one of its subscriptions."""
        self._apply(self._session.unsubscribe(channel, end))

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
            taken = await self._buffer.take()
            if isinstance(taken, EndEntry):
                await send({"type": "websocket.close", "code": taken.code, "reason": taken.reason})
                return
            try:
                for text in self._session.frames(taken):
                    await send({"type": "websocket.send", "text": text})
            except OSError:
                return  # the client has left; the reader is told as well

    # --- effects -------------------------------------------------------------------------

    def _apply(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Write(lines):
                    self._put(lines)
                case Ask():
                    self._ask(effect)
                case Detach(channel):
                    self._detach(channel)
                case Established():
                    # Spread, or all clients of a restarted server would be pinged together.
                    first_s = self._limits.ping_interval_s * random.uniform(0.5, 1)  # noqa: S311
                    self._schedule(first_s, self._ping)
                case Close(end):
                    self._buffer.close(end)
                    self._release()
                    self._schedule(CLOSE_LIMIT_S, self._abandon)
        if not self._readable.is_set():
            self._readable.set()

    def _put(self, lines: Lines) -> None:
        if not self._buffer.write(lines):
            self._give_up_slow()

    def _give_up_slow(self) -> None:
        count("ws_service_slow_connections_total")
        # Not at once: the hub may be walking over its subscriptions.
        self._loop.call_soon(self.disconnect, Disconnect.SLOW.value)

    def _detach(self, channel: str) -> None:
        attachment = self.client.attachments.pop(channel, None)
        if attachment is not None:
            self._commands.subscribing.detach(self.client, attachment)

    # --- commands ------------------------------------------------------------------------

    def _ask(self, ask: Ask) -> None:
        request = ask.request
        if isinstance(request, ConnectRequest) and self._is_simple(request):
            self._commands.registry.add(self)
            self._apply(self._session.connected(ask.command_id, {}))
            return
        task = self._loop.create_task(self._answer(ask))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _is_simple(self, request: ConnectRequest) -> bool:
        has_wishes = self._session.takes_wishes and request.subs
        return self._commands.connecting.is_simple(request) and not has_wishes

    async def _answer(self, ask: Ask) -> None:
        try:
            await self._carry_out(ask)
        except Refused as refused:
            self._apply(self._session.failed(ask.command_id, refused.entry))
        except Disconnected as ended:
            self.disconnect(ended.disconnect.value)
        except Exception:
            logger.exception("A command failed: %s", type(ask.request).__name__)
            self._apply(self._session.failed(ask.command_id, ReplyError.INTERNAL))

    async def _carry_out(self, ask: Ask) -> None:
        """Raises Refused, Disconnected."""
        commands, client, deadline_s = self._commands, self.client, ask.arrived_s + TIME_LIMIT_S
        match ask.request:
            case ConnectRequest() as request:
                await self._connect(ask.command_id, request, deadline_s)
            case SubscribeRequest() as request:
                await commands.subscribing.subscribe(
                    client, self, request, deadline_s, partial(self._subscribed, ask.command_id)
                )
            case RefreshRequest() as request:
                client.expires_at = commands.refreshing.connection(client, request)
                self._apply(self._session.refreshed(ask.command_id, self._expire()))
            case SubRefreshRequest() as request:
                self._refresh(ask.command_id, request)
            case _:
                result = await commands.answer(client, ask, deadline_s)
                self._apply(self._session.answered(ask.command_id, result))

    async def _connect(self, command_id: int, request: ConnectRequest, deadline_s: float) -> None:
        """Find out who it is, and attach what it gets without asking, before it is told."""
        connecting = self._commands.connecting
        granted = await connecting.identify(self.client, request, deadline_s)
        if self._session.takes_wishes:
            granted += await connecting.wished(self.client, request, granted, deadline_s)
        self._commands.registry.add(self)
        self._held = []
        results: dict[str, SubscribeResult] = {}

        def attached(attachment: Attachment, result: SubscribeResult) -> None:
            if self._keep(attachment):
                results[attachment.channel] = result

        outcomes = await asyncio.gather(
            *(self._attach_granted(each, request, deadline_s, attached) for each in granted),
            return_exceptions=True,
        )
        error = next((each for each in outcomes if isinstance(each, BaseException)), None)
        if error is not None:
            self._let_go()
            raise error
        self._apply(self._session.connected(command_id, results, self._expire()))
        held, self._held = self._held, None
        for lines in held:
            self._put(lines)

    async def _attach_granted(
        self, granted: Granted, request: ConnectRequest, deadline_s: float, answer: Answer
    ) -> None:
        wanted = request.subs.get(granted.match.name, SubscribeRequest())
        await self._commands.subscribing.subscribe_granted(
            self.client, self, granted, wanted, deadline_s, answer
        )

    def _subscribed(self, command_id: int, attachment: Attachment, result: SubscribeResult) -> None:
        if self._keep(attachment):
            self._apply(self._session.answered(command_id, result))

    def _keep(self, attachment: Attachment) -> bool:
        """Whether it was attached in time: else it is let go of."""
        if self._session.is_closed:
            self._commands.subscribing.detach(self.client, attachment)
            return False
        self.client.attachments[attachment.channel] = attachment
        self._expire_subscription(attachment)
        return True

    def _refresh(self, command_id: int, request: SubRefreshRequest) -> None:
        attachment = self.client.attachments[request.channel]
        try:
            attachment.expires_at = self._commands.refreshing.subscription(self.client, request)
        except Unsubscribed as ended:
            self.unsubscribe(request.channel, ended.end)
            raise Refused(ReplyError.TOKEN_EXPIRED) from None
        self._expire_subscription(attachment)
        ttl_s = None if attachment.expires_at is None else seconds_left(attachment.expires_at)
        result = SubRefreshResult(expires=ttl_s is not None, ttl=ttl_s or 0)
        self._apply(self._session.answered(command_id, result))

    # --- timers and the end --------------------------------------------------------------

    def _expire(self) -> int | None:
        """Set the timer of the connection's token; in how many seconds to refresh it."""
        if self._expiry is not None:
            self._expiry.cancel()
        expires_at = self.client.expires_at
        if expires_at is None:
            self._expiry = None
            return None
        self._expiry = self._wheel.after(
            seconds_to_the_end(expires_at),
            lambda: self.disconnect(Disconnect.CONNECTION_EXPIRED.value),
        )
        return seconds_left(expires_at)

    def _expire_subscription(self, attachment: Attachment) -> None:
        if attachment.expiry is not None:
            attachment.expiry.cancel()
        if attachment.expires_at is not None:
            attachment.expiry = self._wheel.after(
                seconds_to_the_end(attachment.expires_at),
                lambda: self.unsubscribe(attachment.channel, Unsubscribe.EXPIRED),
            )

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
        for timer in (self._timer, self._expiry):
            if timer is not None:
                timer.cancel()
        self._timer = self._expiry = None
        self._commands.registry.remove(self)
        self._let_go()
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()

    def _let_go(self) -> None:
        for channel in list(self.client.attachments):
            self._detach(channel)
