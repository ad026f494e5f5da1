"""What becomes of a client's commands: carries out what its session asks for, without any I/O."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from ws_service.cancellation import all_of
from ws_service.gateway.client import Attachment, Client
from ws_service.gateway.commands import Commands
from ws_service.gateway.connecting import Granted
from ws_service.gateway.heartbeat import Heartbeat
from ws_service.gateway.policy import TIME_LIMIT_S
from ws_service.gateway.refused import Disconnected, Refused, Unsubscribed
from ws_service.gateway.starting import Starting
from ws_service.gateway.subscribing import Answer
from ws_service.gateway.token_life import at_the_end, ttl_of
from ws_service.hub.send_buffer import SendBuffer
from ws_service.hub.subscription import Subscription
from ws_service.hub.wheel import Wheel
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


class Conversation:
    """One client, between its session, the site's rules and the hub.

    user: as the handshake knows it. buffer: takes what goes out, and the end.
    ping_interval_s: whole seconds, as the client is told.
    on_change: called when something was done, and the session may be less congested.
    """

    __slots__ = (
        "_buffer", "_commands", "_heartbeat", "_loop", "_on_change", "_session", "_starting",
        "_tasks", "_wheel", "client",
    )  # fmt: skip

    def __init__(
        self,
        session: Session | OneWaySession,
        user: Any,
        commands: Commands,
        buffer: SendBuffer,
        ping_interval_s: int,
        on_change: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._session = session
        self.client = Client(session.client, user, self._loop.time())
        self._commands = commands
        self._wheel: Wheel = commands.hub.wheel
        self._buffer = buffer
        self._on_change = on_change
        self._heartbeat = Heartbeat(session, self._wheel, ping_interval_s, self._apply)
        self._starting: Starting | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._heartbeat.await_connect()
        # Before it has said a word: an order to end a user's connections means this one too.
        commands.registry.add(self)

    # --- the socket's side ---------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """Whether the client knows that it is."""
        return self._session.is_connected

    @property
    def is_congested(self) -> bool:
        """Whether to stop reading until something changes."""
        return self._session.is_congested

    def receive(self, frame: str | bytes) -> None:
        """A frame has come."""
        self._apply(self._session.receive(frame, self._loop.time()))

    def lost(self) -> None:
        """The socket is gone: let go of what would outlive it. Harmless when repeated."""
        self._session.lost()
        self._heartbeat.stop()
        if self.client.expiry is not None:
            self.client.expiry.cancel()
        self._commands.registry.remove(self)
        self._let_go()
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()

    # --- the hub's side ------------------------------------------------------------------

    def deliver(self, lines: Lines) -> None:
        """Pushes of topics that this client is attached to."""
        if self._starting is None:
            self._put(lines)
        elif not self._starting.held.write(lines):
            # It is not the client that is slow: it shall come back and recover.
            self._loop.call_soon(self.disconnect, Disconnect.INSUFFICIENT_STATE.value)

    def has_room(self, size_bytes: int) -> bool:
        """Whether the client can be given so much more; at the end it takes everything."""
        if self._buffer.end is not None:
            return True
        if self._starting is not None:
            return self._starting.has_room(size_bytes)
        return self._buffer.has_room(size_bytes)

    async def wait_for_room(self) -> bool:
        """Return when the client has read something; False where there will be no more room."""
        if self._starting is not None:
            return False
        await self._buffer.wait_for_room()
        return True

    def lose_position(self, subscription: Subscription) -> None:
        """The hub has detached a subscription: the client must start again from its position."""
        attachment = self.client.attachments.get(subscription.channel)
        if attachment is None or attachment.subscription is not subscription:
            return
        if self._starting is None:
            self.unsubscribe(subscription.channel, Unsubscribe.INSUFFICIENT_STATE)
        else:
            self.disconnect(Disconnect.INSUFFICIENT_STATE.value)

    # --- the registry's side -------------------------------------------------------------

    def disconnect(self, end: EndEntry) -> None:
        """End it."""
        self._apply(self._session.disconnect(end))

    def unsubscribe(self, channel: str, end: Unsubscribe) -> None:
        """End one of its subscriptions."""
        if self._starting is not None:
            self._starting.revoke(channel)
        self._apply(self._session.unsubscribe(channel, end))

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
                    self._heartbeat.begin()
                    self._end_of_start()
                case Close(end):
                    self._buffer.close(end)
                    self.lost()
        self._on_change()

    def _put(self, lines: Lines) -> None:
        if not self._buffer.write(lines):
            count("ws_service_slow_connections_total")
            # Not at once: the hub may be walking over its subscriptions.
            self._loop.call_soon(self.disconnect, Disconnect.SLOW.value)

    def _detach(self, channel: str) -> None:
        attachment = self.client.attachments.pop(channel, None)
        if attachment is not None:
            self._commands.subscribing.detach(self.client, attachment)

    def _let_go(self) -> None:
        for channel in list(self.client.attachments):
            self._detach(channel)

    # --- commands ------------------------------------------------------------------------

    def _ask(self, ask: Ask) -> None:
        request = ask.request
        if isinstance(request, ConnectRequest) and self._is_simple(request):
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
        except Exception as error:
            kind = type(ask.request).__name__
            if self._commands.quiet.may_say((kind, type(error)), self._loop.time()):
                logger.exception("A command failed: %s", kind)
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
                self._watch_token()
                self._apply(self._session.refreshed(ask.command_id, ttl_of(client.expires_at)))
            case SubRefreshRequest() as request:
                self._refresh(ask.command_id, request)
            case _:
                result = await commands.answer(client, ask, deadline_s)
                self._apply(self._session.answered(ask.command_id, result))

    async def _connect(self, command_id: int, request: ConnectRequest, deadline_s: float) -> None:
        """Find out who it is, and attach what it gets without asking, before it is told."""
        connecting = self._commands.connecting
        starting = self._starting = Starting(self._buffer.limit_bytes)
        granted = await connecting.identify(self.client, request, deadline_s, self._rename)
        if self._session.takes_wishes:
            granted += await connecting.wished(self.client, request, granted, deadline_s)

        def attached(attachment: Attachment, result: SubscribeResult) -> None:
            if self._keep(attachment):
                starting.add(attachment.channel, result)

        try:
            await all_of(
                self._attach_granted(each, request, deadline_s, attached) for each in granted
            )
        except BaseException:
            self._let_go()
            raise
        for channel in starting.revoked:
            self._detach(channel)
        self._watch_token()
        ttl_s = ttl_of(self.client.expires_at)
        self._apply(self._session.connected(command_id, starting.results, ttl_s))

    def _end_of_start(self) -> None:
        """The client knows what it is subscribed to: what came meanwhile, before all else."""
        starting, self._starting = self._starting, None
        if starting is not None:
            for lines in starting.held.drain():
                self._put(lines)

    def _rename(self, user_id: str) -> None:
        registry = self._commands.registry
        registry.remove(self)
        self.client.user_id = user_id
        registry.add(self)

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
        attachment.begun_s = self._loop.time()
        self.client.attachments[attachment.channel] = attachment
        self._watch_subscription(attachment)
        return True

    def _refresh(self, command_id: int, request: SubRefreshRequest) -> None:
        attachment = self.client.attachments.get(request.channel)
        if attachment is None:
            raise Refused(ReplyError.PERMISSION_DENIED)  # it has ended in the meantime
        try:
            attachment.expires_at = self._commands.refreshing.subscription(self.client, request)
        except Unsubscribed as ended:
            self.unsubscribe(request.channel, ended.end)
            raise Refused(ReplyError.TOKEN_EXPIRED) from None
        self._watch_subscription(attachment)
        ttl_s = ttl_of(attachment.expires_at)
        result = SubRefreshResult(expires=ttl_s is not None, ttl=ttl_s or 0)
        self._apply(self._session.answered(command_id, result))

    # --- tokens --------------------------------------------------------------------------

    def _watch_token(self) -> None:
        client = self.client
        if client.expiry is not None:
            client.expiry.cancel()
        end = partial(self.disconnect, Disconnect.CONNECTION_EXPIRED.value)
        client.expiry = at_the_end(self._wheel, client.expires_at, end)

    def _watch_subscription(self, attachment: Attachment) -> None:
        if attachment.expiry is not None:
            attachment.expiry.cancel()
        end = partial(self.unsubscribe, attachment.channel, Unsubscribe.EXPIRED)
        attachment.expiry = at_the_end(self._wheel, attachment.expires_at, end)
