"""What is on the wire, field by field (Centrifuge client protocol, version 2).

Unknown fields are ignored, absent ones have their zero value, zero values are not sent except
where a client library needs them.
"""

from collections.abc import Mapping
from typing import Annotated, Final

from msgspec import Meta, Raw, Struct, field

Uint32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Offset = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]

# --- from the client -----------------------------------------------------------------------


class SubscribeRequest(Struct, frozen=True):
    """``recover`` with offset and epoch: continue from there; an empty epoch means any."""

    channel: str = ""
    token: str = ""
    recover: bool = False
    epoch: str = ""
    offset: Offset = 0
    join_leave: bool = False
    delta: str = ""
    tf: Raw = field(default_factory=Raw)
    flag: int = 0
    type: int = 0

    @property
    def rejects_unrecovered(self) -> bool:
        """The client has state of its own to fetch again: it wants error 112 instead of a gap."""
        return bool(self.flag & 2)


class ConnectRequest(Struct, frozen=True):
    """subs: from where in each server-side channel to recover. headers: a claim, no identity."""

    token: str = ""
    data: Raw = field(default_factory=Raw)
    subs: dict[str, SubscribeRequest] = {}
    name: str = ""
    version: str = ""
    headers: dict[str, str] = {}


class UnsubscribeRequest(Struct, frozen=True):
    channel: str = ""


class StreamPosition(Struct, frozen=True):
    offset: Offset = 0
    epoch: str = ""


class HistoryRequest(Struct, frozen=True):
    """limit: 0 for the position alone, below 0 for all that the server gives at once."""

    channel: str = ""
    limit: Int32 = 0
    since: StreamPosition | None = None
    reverse: bool = False


class PublishRequest(Struct, frozen=True):
    channel: str = ""
    data: Raw = field(default_factory=Raw)


class PresenceRequest(Struct, frozen=True):
    channel: str = ""


class PresenceStatsRequest(Struct, frozen=True):
    channel: str = ""


class RPCRequest(Struct, frozen=True):
    method: str = ""
    data: Raw = field(default_factory=Raw)


class SendRequest(Struct, frozen=True):
    data: Raw = field(default_factory=Raw)


class RefreshRequest(Struct, frozen=True):
    token: str = ""


class SubRefreshRequest(Struct, frozen=True):
    channel: str = ""
    token: str = ""


Request = (
    ConnectRequest
    | SubscribeRequest
    | UnsubscribeRequest
    | PublishRequest
    | PresenceRequest
    | PresenceStatsRequest
    | HistoryRequest
    | RPCRequest
    | SendRequest
    | RefreshRequest
    | SubRefreshRequest
)


class Command(Struct, frozen=True):
    """One message from the client: an id and one of the commands.

    ``ping`` as a command is not listed: the protocol's own server takes it for a violation.
    """

    id: Uint32 = 0
    connect: ConnectRequest | None = None
    subscribe: SubscribeRequest | None = None
    unsubscribe: UnsubscribeRequest | None = None
    publish: PublishRequest | None = None
    presence: PresenceRequest | None = None
    presence_stats: PresenceStatsRequest | None = None
    history: HistoryRequest | None = None
    send: SendRequest | None = None
    rpc: RPCRequest | None = None
    refresh: RefreshRequest | None = None
    sub_refresh: SubRefreshRequest | None = None

    @property
    def request(self) -> Request | None:
        """The command itself, the first that is set; None for a pong."""
        return (
            self.connect
            or self.subscribe
            or self.unsubscribe
            or self.publish
            or self.presence
            or self.presence_stats
            or self.history
            or self.send
            or self.rpc
            or self.refresh
            or self.sub_refresh
        )


# --- to the client -------------------------------------------------------------------------


class ErrorReply(Struct, frozen=True, omit_defaults=True):
    code: int
    message: str
    temporary: bool = False


class SubscribeResult(Struct, frozen=True, omit_defaults=True):
    """publications: encoded ones, ascending. offset: the client's own where recovered."""

    recoverable: bool = False
    epoch: str = ""
    publications: list[Raw] = []
    recovered: bool = False
    offset: int = 0
    positioned: bool = False
    was_recovering: bool = False
    expires: bool = False
    ttl: int = 0


class ConnectResult(Struct, frozen=True, omit_defaults=True):
    """ping: seconds between pings; pong: whether they must be answered.

    expires, ttl: whether, and in how many seconds, the client must refresh its token.
    subs: all server-side subscriptions of this connection.
    """

    client: str
    version: str
    expires: bool = False
    ttl: int = 0
    subs: dict[str, SubscribeResult] = {}
    ping: int = 0
    pong: bool = False


class UnsubscribeResult(Struct, frozen=True):
    pass


class HistoryResult(Struct, frozen=True):
    """All three are always sent."""

    publications: list[Raw]
    epoch: str
    offset: int


class PublishResult(Struct, frozen=True):
    pass


class PresenceResult(Struct, frozen=True):
    """presence: who is there, by client id; encoded ClientInfo."""

    presence: dict[str, Raw]


class PresenceStatsResult(Struct, frozen=True):
    num_clients: int
    num_users: int


class RPCResult(Struct, frozen=True, omit_defaults=True):
    """data: what the method returned, encoded; None where it returned nothing."""

    data: Raw | None = None


class RefreshResult(Struct, frozen=True, omit_defaults=True):
    client: str
    version: str
    expires: bool = False
    ttl: int = 0


class SubRefreshResult(Struct, frozen=True, omit_defaults=True):
    expires: bool = False
    ttl: int = 0


Result = (
    SubscribeResult
    | UnsubscribeResult
    | PublishResult
    | PresenceResult
    | PresenceStatsResult
    | HistoryResult
    | RPCResult
    | RefreshResult
    | SubRefreshResult
)


class UnsubscribePush(Struct, frozen=True):
    code: int
    reason: str


class DisconnectPush(Struct, frozen=True):
    code: int
    reason: str


class Push(Struct, frozen=True, omit_defaults=True):
    """connect, disconnect: to clients that only listen."""

    channel: str = ""
    unsubscribe: UnsubscribePush | None = None
    connect: ConnectResult | None = None
    disconnect: DisconnectPush | None = None


class Reply(Struct, frozen=True, omit_defaults=True):
    """One message to the client. Neither id nor push: a ping."""

    id: int = 0
    error: ErrorReply | None = None
    push: Push | None = None
    connect: ConnectResult | None = None
    subscribe: SubscribeResult | None = None
    unsubscribe: UnsubscribeResult | None = None
    publish: PublishResult | None = None
    presence: PresenceResult | None = None
    presence_stats: PresenceStatsResult | None = None
    history: HistoryResult | None = None
    rpc: RPCResult | None = None
    refresh: RefreshResult | None = None
    sub_refresh: SubRefreshResult | None = None


REPLY_FIELDS: Final[Mapping[type[Result], str]] = {
    SubscribeResult: "subscribe",
    UnsubscribeResult: "unsubscribe",
    PublishResult: "publish",
    PresenceResult: "presence",
    PresenceStatsResult: "presence_stats",
    HistoryResult: "history",
    RPCResult: "rpc",
    RefreshResult: "refresh",
    SubRefreshResult: "sub_refresh",
}
"""Under which name each result stands in a reply."""
