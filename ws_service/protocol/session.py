"""One connection's protocol state: commands in, effects out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from ws_service.protocol.allowance import Allowance
from ws_service.protocol.codec import (
    Illegible,
    MalformedFrame,
    decode_commands,
    encode_error,
    encode_reply,
    encode_result,
    encode_unsubscribe,
)
from ws_service.protocol.codes import (
    ILLEGIBLE,
    Disconnect,
    EndEntry,
    ErrorEntry,
    ReplyError,
    Unsubscribe,
    entry_of,
)
from ws_service.protocol.command_queue import CommandQueue, Waiting
from ws_service.protocol.effects import Ask, Close, Detach, Effect, Established, Write
from ws_service.protocol.lines import PING, Lines
from ws_service.protocol.messages import (
    Command,
    ConnectRequest,
    ConnectResult,
    HistoryRequest,
    RefreshRequest,
    RefreshResult,
    Reply,
    Request,
    Result,
    SendRequest,
    SubRefreshRequest,
    SubscribeRequest,
    SubscribeResult,
    UnsubscribeRequest,
    UnsubscribeResult,
)

CHANNEL_LIMIT_BYTES: Final = 255


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """frame_bytes: of one frame from the client. subscriptions: of one connection.

    commands_per_s, burst: how many commands may come in the long run, and how many at once.
    """

    frame_bytes: int = 65_536
    subscriptions: int = 128
    commands_per_s: float = 50.0
    burst: int = 1_000


class State(Enum):
    OPENED = auto()
    CONNECTING = auto()
    CONNECTED = auto()
    REFUSED = auto()
    """The answer to ``connect`` was an error: the client is expected to leave."""
    CLOSED = auto()


class Session:
    """The client protocol as seen by one connection.

    Commands of one channel are handled in their order, one at a time; those of different channels
    side by side; none before the client is connected. Whatever arrives after the end has no
    effect, and so has an answer that comes too late.

    client: the connection's id. version: the server's. ping_interval_s: whole seconds.
    """

    __slots__ = (
        "_allowance", "_awaits_pong", "_connect_id", "_end_of_refused", "_limits", "_messages",
        "_open_ids", "_ping_interval_s", "_queue", "_revoked", "_server_side", "_state",
        "_subscribing", "_subscriptions", "_version", "client",
    )  # fmt: skip

    def __init__(
        self, client: str, version: str, ping_interval_s: int, limits: SessionLimits
    ) -> None:
        self.client = client
        self._version = version
        self._ping_interval_s = ping_interval_s
        self._limits = limits
        self._state = State.OPENED
        self._awaits_pong = False
        self._allowance = Allowance(limits.burst, limits.commands_per_s)
        self._subscriptions: set[str] = set()
        self._server_side: set[str] = set()
        self._subscribing: dict[int, str] = {}
        self._revoked: set[int] = set()
        self._open_ids: set[int] = set()
        self._messages = 0
        self._connect_id = 0
        self._end_of_refused = Disconnect.STALE
        self._queue = CommandQueue()

    # --- what the connection may ask -----------------------------------------------------

    @property
    def is_connected(self) -> bool:
        return self._state is State.CONNECTED

    @property
    def is_closed(self) -> bool:
        return self._state is State.CLOSED

    @property
    def subscriptions(self) -> frozenset[str]:
        """The client's own and those that the server made."""
        return frozenset(self._subscriptions | self._server_side)

    @property
    def is_congested(self) -> bool:
        """Whether to stop reading until some answers are there."""
        return self._queue.is_full

    @property
    def takes_wishes(self) -> bool:
        """Whether a client says with ``connect`` what it wants: it can still subscribe later."""
        return False

    def frames(self, lines: Lines) -> Sequence[str]:
        """The WebSocket frames in which lines go out."""
        return (lines.text,)

    # --- what happens --------------------------------------------------------------------

    def receive(self, frame: str | bytes, now_s: float) -> list[Effect]:
        """A frame has come."""
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
            was_refused = self._state is State.REFUSED
            effects += self._dispatch(command, now_s)
            if self._state is State.REFUSED and not was_refused:
                break  # what stands behind a connect that fails is never carried out
        return effects

    def connected(
        self, command_id: int, subs: Mapping[str, SubscribeResult], ttl_s: int | None = None
    ) -> list[Effect]:
        """The answer to ``connect``.

        subs: the server's own subscriptions, attached already. ttl_s: when to refresh the token.
        """
        if self._state is not State.CONNECTING or command_id != self._connect_id:
            return []
        self._open_ids.discard(command_id)
        self._state = State.CONNECTED
        self._server_side.update(subs)
        result = ConnectResult(
            self.client,
            self._version,
            expires=ttl_s is not None,
            ttl=ttl_s or 0,
            subs=dict(subs),
            ping=self._ping_interval_s,
            pong=True,
        )
        reply = encode_reply(Reply(id=command_id, connect=result))
        return [Write(reply), Established(), *self._work()]

    def refreshed(self, command_id: int, ttl_s: int | None) -> list[Effect]:
        """The answer to ``refresh``."""
        expires = ttl_s is not None
        result = RefreshResult(self.client, self._version, expires=expires, ttl=ttl_s or 0)
        return self.answered(command_id, result)

    def answered(self, command_id: int, result: Result | None) -> list[Effect]:
        """The answer to any other command; a subscription must be attached already.

        result: None for a message, which gets none.
        """
        channel = self._subscribing.get(command_id)
        was_revoked = command_id in self._revoked
        if not self._end_command(command_id):
            return []
        if channel is not None and was_revoked:
            refusal = encode_error(command_id, ReplyError.PERMISSION_DENIED.value)
            return [Detach(channel), Write(refusal), *self._work()]
        if channel is not None:
            self._subscriptions.add(channel)
        if result is None:
            return self._work()
        return [Write(encode_result(command_id, result)), *self._work()]

    def failed(self, command_id: int, error: ReplyError | ErrorEntry) -> list[Effect]:
        """The answer that has no result."""
        entry = error.value if isinstance(error, ReplyError) else error
        if self._state is State.CONNECTING and command_id == self._connect_id:
            self._end()
            self._state = State.REFUSED
            if entry.is_temporary:
                self._end_of_refused = Disconnect.FORCE_RECONNECT
            return [Write(encode_error(command_id, entry))]
        if not self._end_command(command_id):
            return []
        if command_id < 0:
            return self._work()
        return [Write(encode_error(command_id, entry)), *self._work()]

    def unsubscribe(self, channel: str, end: Unsubscribe) -> list[Effect]:
        """The server ends a subscription; one that is only being asked for is refused."""
        if self.is_closed:
            return []
        self._revoked.update(i for i, asked in self._subscribing.items() if asked == channel)
        if channel in self._server_side and (disconnect := end.of_server_side) is not None:
            return self._close(disconnect)
        if channel not in self._subscriptions and channel not in self._server_side:
            return []
        self._forget(channel)
        return [Detach(channel), Write(encode_unsubscribe(channel, end))]

    def disconnect(self, end: Disconnect | EndEntry) -> list[Effect]:
        """The server ends the connection."""
        return [] if self.is_closed else self._close(end)

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
        match self._state:
            case State.OPENED:
                return self._close(Disconnect.STALE)
            case State.REFUSED:
                # It knows why; whether to come back was said with the error.
                return self._close(self._end_of_refused)
        return []

    def lost(self) -> None:
        """The connection is gone."""
        self._end()

    # --- commands ------------------------------------------------------------------------

    def _dispatch(self, command: Command, now_s: float) -> list[Effect]:
        if self.is_closed:
            return []
        request = command.request
        is_legible = not isinstance(command, Illegible)
        if self._state is State.OPENED or isinstance(request, ConnectRequest):
            return self._connect(command.id, request, now_s, is_legible)
        if self._state is State.REFUSED:
            return self._close(Disconnect.BAD_REQUEST)
        if isinstance(request, SendRequest):
            # It has no id and gets no answer, but its turn like all others.
            if not is_legible:
                return []
            self._messages += 1
            self._queue.put(Waiting(-self._messages, request, now_s))
            return self._work()
        if command.id == 0:
            return self._pong()
        if request is None or command.id in self._open_ids:
            return self._close(Disconnect.BAD_REQUEST)
        self._open_ids.add(command.id)
        self._queue.put(Waiting(command.id, request, now_s, is_legible))
        return self._work()

    def _work(self) -> list[Effect]:
        """Handle whatever has its turn."""
        effects: list[Effect] = []
        while self.is_connected and (waiting := self._queue.take()) is not None:
            effects += self._handle(waiting)
        return effects

    def _connect(
        self, command_id: int, request: Request | None, now_s: float, is_legible: bool
    ) -> list[Effect]:
        is_first = self._state is State.OPENED
        if not is_first or command_id == 0 or not isinstance(request, ConnectRequest):
            return self._close(Disconnect.BAD_REQUEST)
        self._state = State.CONNECTING
        self._connect_id = command_id
        self._open_ids.add(command_id)
        if not is_legible:
            return self.failed(command_id, ILLEGIBLE)
        return [Ask(command_id, request, now_s)]

    def _pong(self) -> list[Effect]:
        # Also what a command without an id is taken for: the protocol tells them by nothing else.
        if not self._awaits_pong:
            return self._close(Disconnect.BAD_REQUEST)
        self._awaits_pong = False
        return []

    def _handle(self, waiting: Waiting) -> list[Effect]:
        if not waiting.is_legible:
            return self._refuse(waiting, ILLEGIBLE)
        if waiting.channel == "":
            return self._close(Disconnect.BAD_REQUEST)
        if waiting.channel is not None and len(waiting.channel.encode()) > CHANNEL_LIMIT_BYTES:
            return self._refuse(waiting, ReplyError.BAD_REQUEST)
        match waiting.request:
            case UnsubscribeRequest(channel):
                return self._unsubscribe(waiting.id, channel)
            case SubscribeRequest() as request:
                return self._subscribe(waiting, request)
            case HistoryRequest(reverse=True, since=since) if since and since.offset == 0:
                return self._refuse(waiting, ReplyError.BAD_REQUEST)
            case RefreshRequest(token=""):
                return self._close(Disconnect.BAD_REQUEST)
            case SubRefreshRequest(channel) if channel not in self.subscriptions:
                return self._refuse(waiting, ReplyError.PERMISSION_DENIED)
            case SubRefreshRequest(token=""):
                return self._refuse(waiting, ReplyError.BAD_REQUEST)
        return self._ask(waiting)

    def _subscribe(self, waiting: Waiting, request: SubscribeRequest) -> list[Effect]:
        if request.channel in self._subscriptions or request.channel in self._server_side:
            return self._refuse(waiting, ReplyError.ALREADY_SUBSCRIBED)
        count = len(self._subscriptions) + len(self._server_side) + len(self._subscribing)
        if count >= self._limits.subscriptions:
            return self._refuse(waiting, ReplyError.LIMIT_EXCEEDED)
        if request.type > 0:
            return self._refuse(waiting, ReplyError.NOT_AVAILABLE)
        if request.tf and bytes(request.tf) != b"null":
            return self._refuse(waiting, ReplyError.BAD_REQUEST)  # no tags to filter by
        if request.delta not in ("", "fossil"):
            return self._close(Disconnect.BAD_REQUEST)
        self._subscribing[waiting.id] = request.channel
        return self._ask(waiting)

    def _unsubscribe(self, command_id: int, channel: str) -> list[Effect]:
        reply = encode_result(command_id, UnsubscribeResult())
        self._open_ids.discard(command_id)
        if channel not in self._subscriptions and channel not in self._server_side:
            return [Write(reply)]
        self._forget(channel)
        return [Detach(channel), Write(reply)]

    def _ask(self, waiting: Waiting) -> list[Effect]:
        self._queue.begin(waiting)
        return [Ask(waiting.id, waiting.request, waiting.arrived_s)]

    # --- answers and ends ----------------------------------------------------------------

    def _end_command(self, command_id: int) -> bool:
        """Whether it is still waited for."""
        self._open_ids.discard(command_id)
        self._subscribing.pop(command_id, None)
        self._revoked.discard(command_id)
        return self._queue.end(command_id)

    def _refuse(self, waiting: Waiting, error: ReplyError | ErrorEntry) -> list[Effect]:
        entry = error.value if isinstance(error, ReplyError) else error
        self._open_ids.discard(waiting.id)
        return [Write(encode_error(waiting.id, entry))]

    def _forget(self, channel: str) -> None:
        self._subscriptions.discard(channel)
        self._server_side.discard(channel)

    def _close(self, end: Disconnect | EndEntry) -> list[Effect]:
        detached: list[Effect] = [Detach(channel) for channel in sorted(self.subscriptions)]
        self._end()
        return [*detached, Close(entry_of(end))]

    def _end(self) -> None:
        self._state = State.CLOSED
        self._subscriptions.clear()
        self._server_side.clear()
        self._subscribing.clear()
        self._revoked.clear()
        self._open_ids.clear()
        self._queue.clear()


def _size_of(frame: str | bytes) -> int:
    """In bytes, as it was on the wire."""
    if isinstance(frame, bytes) or frame.isascii():
        return len(frame)
    # A server may hand on what has no UTF-8 form: the decoder refuses it.
    return len(frame.encode(errors="surrogatepass"))
