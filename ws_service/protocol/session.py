"""One connection's protocol state: commands in, effects out."""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from ws_service.protocol.allowance import Allowance
from ws_service.protocol.codec import (
    MalformedFrame,
    decode_commands,
    encode_error,
    encode_reply,
    encode_unsubscribe,
)
from ws_service.protocol.codes import Disconnect, ReplyError, Unsubscribe
from ws_service.protocol.effects import (
    AskToSubscribe,
    Close,
    Detach,
    Effect,
    Established,
    ReadHistory,
    Write,
)
from ws_service.protocol.lines import PING
from ws_service.protocol.messages import (
    Command,
    ConnectRequest,
    ConnectResult,
    HistoryRequest,
    HistoryResult,
    Reply,
    SubscribeRequest,
    SubscribeResult,
    UnsubscribeResult,
)

CHANNEL_LIMIT_BYTES: Final = 255
COMMANDS_AT_ONCE: Final = 8
"""Commands of one connection that may wait for the server's other parts at the same time."""

BACKLOG_LIMIT: Final = 64
"""Commands that wait for their turn; past it the connection is not read from."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """frame_bytes: of one frame from the client. subscriptions: of one connection.

    commands_per_s, burst: how many commands may come in the long run, and how many at once.
    """

    frame_bytes: int = 65_536
    subscriptions: int = 128
    commands_per_s: float = 50.0
    burst: int = 1_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """A command that waits for its turn."""

    command: Command
    arrived_s: float


class State(Enum):
    OPENED = auto()
    CONNECTED = auto()
    CLOSED = auto()


class Session:
    """The client protocol as seen by one connection.

    Commands of one channel are handled in their order, one at a time; those of different channels
    side by side, up to COMMANDS_AT_ONCE. Whatever arrives after the end has no effect, and so has
    an answer that comes too late.
    """

    __slots__ = (
        "_allowance", "_asked", "_awaits_pong", "_backlog", "_busy", "_client", "_limits",
        "_open_ids", "_ping_interval_s", "_state", "_subscribing", "_subscriptions",
        "_version",
    )  # fmt: skip

    def __init__(
        self, client: str, version: str, ping_interval_s: int, limits: SessionLimits
    ) -> None:
        self._client = client
        self._version = version
        self._ping_interval_s = ping_interval_s
        self._limits = limits
        self._state = State.OPENED
        self._awaits_pong = False
        self._allowance = Allowance(limits.burst, limits.commands_per_s)
        self._subscriptions: set[str] = set()
        self._subscribing: set[str] = set()
        self._open_ids: set[int] = set()
        # Which channel an unanswered command is about, and what waits behind it.
        self._asked: dict[int, str] = {}
        self._busy: dict[str, deque[Waiting]] = {}
        self._backlog: deque[Waiting] = deque()

    # --- what the connection may ask -----------------------------------------------------

    @property
    def is_connected(self) -> bool:
        return self._state is State.CONNECTED

    @property
    def is_closed(self) -> bool:
        return self._state is State.CLOSED

    @property
    def subscriptions(self) -> frozenset[str]:
        return frozenset(self._subscriptions)

    @property
    def is_congested(self) -> bool:
        """Whether to stop reading until some answers are there."""
        waiting = len(self._backlog) + sum(map(len, self._busy.values()))
        return waiting >= BACKLOG_LIMIT

    # --- what comes in -------------------------------------------------------------------

    def receive(self, frame: str | bytes, now_s: float) -> list[Effect]:
        """One frame from the client."""
        if self.is_closed:
            return []
        if _size_of(frame) > self._limits.frame_bytes:
            return self._close(Disconnect.MESSAGE_TOO_BIG)
        try:
            commands = decode_commands(frame)
        except MalformedFrame:
            return self._close(Disconnect.BAD_REQUEST)
        if not self._allowance.take(len(commands), now_s):
            return self._close(Disconnect.TOO_MANY_REQUESTS)
        effects: list[Effect] = []
        for command in commands:
            effects += self._dispatch(Waiting(command, now_s))
        return effects

    def subscribed(self, command_id: int, result: SubscribeResult) -> list[Effect]:
        """The answer to AskToSubscribe; the subscription must be attached already."""
        channel = self._answered(command_id)
        if channel is None:
            return []
        self._subscriptions.add(channel)
        reply = Reply(id=command_id, subscribe=result)
        return [Write(encode_reply(reply)), *self._continue(channel)]

    def history_read(self, command_id: int, result: HistoryResult) -> list[Effect]:
        """The answer to ReadHistory."""
        channel = self._answered(command_id)
        if channel is None:
            return []
        return [
            Write(encode_reply(Reply(id=command_id, history=result))),
            *self._continue(channel),
        ]

    def failed(self, command_id: int, error: ReplyError) -> list[Effect]:
        """The answer to AskToSubscribe or ReadHistory that has no result."""
        channel = self._answered(command_id)
        if channel is None:
            return []
        return [Write(encode_error(command_id, error)), *self._continue(channel)]

    def unsubscribe(self, channel: str, end: Unsubscribe) -> list[Effect]:
        """The server ends a subscription."""
        if self.is_closed or channel not in self._subscriptions:
            return []
        self._subscriptions.discard(channel)
        return [Detach(channel), Write(encode_unsubscribe(channel, end))]

    def disconnect(self, disconnect: Disconnect) -> list[Effect]:
        """The server ends the connection."""
        return [] if self.is_closed else self._close(disconnect)

    def ping_due(self) -> list[Effect]:
        """It is time for a ping."""
        if not self.is_connected:
            return []
        self._awaits_pong = True
        return [Write(PING)]

    def pong_due(self) -> list[Effect]:
        """The client had time enough to answer the last ping."""
        if self.is_connected and self._awaits_pong:
            return self._close(Disconnect.NO_PONG)
        return []

    def connect_due(self) -> list[Effect]:
        """The client had time enough to connect."""
        return self._close(Disconnect.STALE) if self._state is State.OPENED else []

    def lost(self) -> None:
        """The connection is gone."""
        self._end()

    # --- commands ------------------------------------------------------------------------

    def _dispatch(self, waiting: Waiting) -> list[Effect]:
        command = waiting.command
        if self._state is State.CLOSED:
            return []
        if self._state is State.OPENED:
            if command.connect is None or command.id == 0:
                return self._close(Disconnect.BAD_REQUEST)
            return self._connect(command.id, command.connect)
        if command.connect is not None:
            return self._close(Disconnect.BAD_REQUEST)
        if command.send is not None:
            return []  # nobody here listens to messages; the protocol has no answer to them
        if command.id == 0:
            return self._pong()
        if command.id in self._open_ids:
            return self._close(Disconnect.BAD_REQUEST)
        self._open_ids.add(command.id)
        if self._backlog or len(self._asked) >= COMMANDS_AT_ONCE:
            self._backlog.append(waiting)
            return []
        return self._start(waiting)

    def _start(self, waiting: Waiting) -> list[Effect]:
        """Handle a command now, or put it behind another one of its channel."""
        channel = _channel_of(waiting.command)
        if channel is None:
            return self._other(waiting.command)
        if not channel:
            return self._close(Disconnect.BAD_REQUEST)
        if channel in self._busy:
            self._busy[channel].append(waiting)
            return []
        return self._handle(waiting)

    def _handle(self, waiting: Waiting) -> list[Effect]:
        """A command whose channel has nothing else to do."""
        command, arrived_s = waiting.command, waiting.arrived_s
        if command.subscribe is not None:
            return self._subscribe(command.id, command.subscribe, arrived_s)
        if command.unsubscribe is not None:
            return self._unsubscribe(command.id, command.unsubscribe.channel)
        assert command.history is not None  # noqa: S101 - _channel_of knows these three
        return self._history(command.id, command.history, arrived_s)

    def _connect(self, command_id: int, request: ConnectRequest) -> list[Effect]:
        if request.token:
            # Nobody here can verify it, and whoever sends one doesn't mean to be anonymous.
            return self._close(Disconnect.INVALID_TOKEN)
        self._state = State.CONNECTED
        result = ConnectResult(self._client, self._version, ping=self._ping_interval_s, pong=True)
        return [Write(encode_reply(Reply(id=command_id, connect=result))), Established()]

    def _pong(self) -> list[Effect]:
        # Also what a command without an id is taken for: the protocol tells them by nothing else.
        if not self._awaits_pong:
            return self._close(Disconnect.BAD_REQUEST)
        self._awaits_pong = False
        return []

    def _subscribe(
        self, command_id: int, request: SubscribeRequest, arrived_s: float
    ) -> list[Effect]:
        if len(request.channel.encode()) > CHANNEL_LIMIT_BYTES:
            return self._refuse(command_id, ReplyError.BAD_REQUEST)
        if request.channel in self._subscriptions:
            return self._refuse(command_id, ReplyError.ALREADY_SUBSCRIBED)
        if len(self._subscriptions) + len(self._subscribing) >= self._limits.subscriptions:
            return self._refuse(command_id, ReplyError.LIMIT_EXCEEDED)
        if request.token:
            return self._refuse(command_id, ReplyError.PERMISSION_DENIED)  # nobody can verify it
        if request.type > 0:
            return self._refuse(command_id, ReplyError.NOT_AVAILABLE)
        if request.tf and bytes(request.tf) != b"null":
            return self._refuse(command_id, ReplyError.BAD_REQUEST)  # no tags to filter by
        if request.delta not in ("", "fossil"):
            return self._close(Disconnect.BAD_REQUEST)
        self._subscribing.add(request.channel)
        self._ask(command_id, request.channel)
        return [AskToSubscribe(command_id, request, arrived_s)]

    def _unsubscribe(self, command_id: int, channel: str) -> list[Effect]:
        reply = encode_reply(Reply(id=command_id, unsubscribe=UnsubscribeResult()))
        self._open_ids.discard(command_id)
        if channel not in self._subscriptions:
            return [Write(reply)]
        self._subscriptions.discard(channel)
        return [Detach(channel), Write(reply)]

    def _history(self, command_id: int, request: HistoryRequest, arrived_s: float) -> list[Effect]:
        if len(request.channel.encode()) > CHANNEL_LIMIT_BYTES:
            return self._refuse(command_id, ReplyError.BAD_REQUEST)
        if request.reverse and request.since is not None and request.since.offset == 0:
            return self._refuse(command_id, ReplyError.BAD_REQUEST)
        self._ask(command_id, request.channel)
        return [ReadHistory(command_id, request, arrived_s)]

    def _other(self, command: Command) -> list[Effect]:
        """Commands that this server knows by name; an unknown one breaks the protocol."""
        known = (command.publish, command.presence, command.presence_stats, command.rpc,
                 command.refresh, command.sub_refresh)  # fmt: skip
        if all(request is None for request in known):
            return self._close(Disconnect.BAD_REQUEST)
        return self._refuse(command.id, ReplyError.NOT_AVAILABLE)

    # --- answers and ends ----------------------------------------------------------------

    def _ask(self, command_id: int, channel: str) -> None:
        self._asked[command_id] = channel
        self._busy.setdefault(channel, deque())

    def _answered(self, command_id: int) -> str | None:
        """The channel of a command that is still waited for, None if it came too late."""
        self._open_ids.discard(command_id)
        channel = self._asked.pop(command_id, None)
        if channel is not None:
            self._subscribing.discard(channel)
        return channel

    def _continue(self, channel: str) -> list[Effect]:
        """Start what waited behind an answer: of the same channel first, then of any."""
        effects: list[Effect] = []
        queue = self._busy.pop(channel)
        while queue and channel not in self._busy and not self.is_closed:
            effects += self._handle(queue.popleft())
        if queue and not self.is_closed:
            self._busy[channel].extend(queue)
        while self._backlog and len(self._asked) < COMMANDS_AT_ONCE and not self.is_closed:
            effects += self._start(self._backlog.popleft())
        return effects

    def _refuse(self, command_id: int, error: ReplyError) -> list[Effect]:
        self._open_ids.discard(command_id)
        return [Write(encode_error(command_id, error))]

    def _close(self, disconnect: Disconnect) -> list[Effect]:
        detached: list[Effect] = [Detach(channel) for channel in sorted(self._subscriptions)]
        self._end()
        return [*detached, Close(disconnect)]

    def _end(self) -> None:
        self._state = State.CLOSED
        self._subscriptions.clear()
        self._subscribing.clear()
        self._open_ids.clear()
        self._asked.clear()
        self._busy.clear()
        self._backlog.clear()


def _size_of(frame: str | bytes) -> int:
    """In bytes, as it was on the wire."""
    if isinstance(frame, bytes) or frame.isascii():
        return len(frame)
    # A server may hand on what has no UTF-8 form: the decoder refuses it.
    return len(frame.encode(errors="surrogatepass"))


def _channel_of(command: Command) -> str | None:
    """The channel of a command that has one and is handled in its channel's order."""
    for request in (command.subscribe, command.unsubscribe, command.history):
        if request is not None:
            return request.channel
    return None
