"""A client that only listens: it says once who it is, and the rest is the server's.

For a bare browser ``WebSocket``, without a client library (protocol reference, section 11).
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from ws_service.protocol.allowance import Allowance
from ws_service.protocol.codec import encode_reply, encode_unsubscribe
from ws_service.protocol.codes import (
    Disconnect,
    EndEntry,
    ErrorEntry,
    ReplyError,
    Unsubscribe,
    entry_of,
)
from ws_service.protocol.effects import Ask, Close, Detach, Effect, Established, Write
from ws_service.protocol.lines import PING, Lines
from ws_service.protocol.messages import (
    ConnectRequest,
    ConnectResult,
    DisconnectPush,
    Push,
    Reply,
    Result,
    SubscribeResult,
)
from ws_service.protocol.session import SessionLimits, State

CONNECT_ID: Final = 1
"""Of the only command there is; it is never sent."""

_HEAD: Final = '{"push":'

_ENDS: Final = {
    ReplyError.TOKEN_EXPIRED.value.code: Disconnect.CONNECTION_EXPIRED,
    ReplyError.EXPIRED.value.code: Disconnect.CONNECTION_EXPIRED,
    ReplyError.TOO_MANY_REQUESTS.value.code: Disconnect.TOO_MANY_REQUESTS,
    ReplyError.PERMISSION_DENIED.value.code: Disconnect.PERMISSION_DENIED,
}
"""What each error becomes; another one is for good unless it is temporary."""

_requests: Final = msgspec.json.Decoder(ConnectRequest | None)


class OneWaySession:
    """The same to its connection as a ``Session``; to its client, bare pushes.

    What the client sends after its first message is ignored.
    """

    __slots__ = (
        "_allowance", "_limit_bytes", "_ping_interval_s", "_state", "_subscriptions", "_version",
        "client",
    )  # fmt: skip

    def __init__(
        self, client: str, version: str, ping_interval_s: int, limits: SessionLimits
    ) -> None:
        self.client = client
        self._version = version
        self._ping_interval_s = ping_interval_s
        self._limit_bytes = limits.frame_bytes
        self._allowance = Allowance(limits.burst, limits.commands_per_s)
        self._state = State.OPENED
        self._subscriptions: set[str] = set()

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
        return False

    @property
    def takes_wishes(self) -> bool:
        """Whether a client says with ``connect`` what it wants: it has no other moment."""
        return True

    def frames(self, lines: Lines) -> Sequence[str]:
        """A frame for each push, so that ``JSON.parse(event.data)`` is all that a page needs."""
        return [_bare(line) for line in lines.text.split("\n")]

    # --- what happens --------------------------------------------------------------------

    def receive(self, frame: str | bytes, now_s: float) -> list[Effect]:
        """The first frame says who it is; further ones are ignored, as long as they are few."""
        if self.is_closed:
            return []
        if not self._allowance.take(1, now_s):
            return self._close(Disconnect.TOO_MANY_REQUESTS)
        if self._state is not State.OPENED:
            return []
        if len(frame) > self._limit_bytes:
            return self._close(Disconnect.MESSAGE_TOO_BIG)
        try:
            request = _requests.decode(frame)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return self._close(Disconnect.BAD_REQUEST)
        self._state = State.CONNECTING
        return [Ask(CONNECT_ID, request or ConnectRequest(), now_s)]

    def connected(
        self, command_id: int, subs: Mapping[str, SubscribeResult], ttl_s: int | None = None
    ) -> list[Effect]:
        """All its subscriptions are attached."""
        if self._state is not State.CONNECTING:
            return []
        self._state = State.CONNECTED
        self._subscriptions.update(subs)
        result = ConnectResult(
            self.client,
            self._version,
            expires=ttl_s is not None,
            ttl=ttl_s or 0,
            subs=dict(subs),
            ping=self._ping_interval_s,
        )
        return [Write(encode_reply(Reply(push=Push(connect=result)))), Established()]

    def failed(self, command_id: int, error: ReplyError | ErrorEntry) -> list[Effect]:
        """It can't connect: an error becomes an end, as nobody asked."""
        entry = error.value if isinstance(error, ReplyError) else error
        other = Disconnect.INTERNAL_ERROR if entry.is_temporary else Disconnect.BAD_REQUEST
        return self.disconnect(_ENDS.get(entry.code, other))

    def answered(self, command_id: int, result: Result | None) -> list[Effect]:
        """Nothing else is ever asked."""
        return []

    def refreshed(self, command_id: int, ttl_s: int | None) -> list[Effect]:
        """Nothing else is ever asked."""
        return []

    def unsubscribe(self, channel: str, end: Unsubscribe) -> list[Effect]:
        """The server ends a subscription."""
        if self.is_closed or channel not in self._subscriptions:
            return []
        if (disconnect := end.of_server_side) is not None:
            return self._close(disconnect)
        self._subscriptions.discard(channel)
        return [Detach(channel), Write(encode_unsubscribe(channel, end))]

    def disconnect(self, end: Disconnect | EndEntry) -> list[Effect]:
        """The server ends the connection."""
        return [] if self.is_closed else self._close(end)

    def ping_due(self) -> list[Effect]:
        """It is time for a ping; nobody answers it."""
        return [Write(PING)] if self.is_connected else []

    def pong_due(self) -> list[Effect]:
        """The server's own pings tell whether somebody is there."""
        return []

    def connect_due(self) -> list[Effect]:
        """The client had time enough to say who it is."""
        return self._close(Disconnect.STALE) if self._state is State.OPENED else []

    def lost(self) -> None:
        """The connection is gone."""
        self._state = State.CLOSED
        self._subscriptions.clear()

    def _close(self, end: Disconnect | EndEntry) -> list[Effect]:
        entry = entry_of(end)
        detached: list[Effect] = [Detach(channel) for channel in sorted(self._subscriptions)]
        self.lost()
        push = Push(disconnect=DisconnectPush(entry.code, entry.reason))
        return [*detached, Write(encode_reply(Reply(push=push))), Close(entry)]


def may_be_in_a_url(text: str) -> bool:
    """Whether this is what a client may say before it connects: anything but a token, which
    proxies would write into their logs.
    """
    try:
        request = _requests.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return request is None or not request.token


def _bare(line: str) -> str:
    """A push without its envelope; a ping as it is."""
    return line[len(_HEAD) : -1] if line.startswith(_HEAD) else line
