"""What is on the wire, field by field (Centrifuge client protocol, version 2).

Unknown fields are ignored, absent ones have their zero value, zero values are not sent except
where a client library needs them.
"""

from typing import Annotated

from msgspec import Meta, Raw, Struct, field

Uint32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Offset = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]

# --- from the client -----------------------------------------------------------------------


class ConnectRequest(Struct, frozen=True):
    token: str = ""
    data: Raw = field(default_factory=Raw)
    name: str = ""
    version: str = ""
    headers: dict[str, str] = {}


class SubscribeRequest(Struct, frozen=True):
    """``recover`` with offset and epoch: continue from there; an empty epoch means any."""

    channel: str = ""
    token: str = ""
    recover: bool = False
    epoch: str = ""
    offset: Offset = 0
    delta: str = ""
    tf: Raw = field(default_factory=Raw)
    flag: int = 0
    type: int = 0

    @property
    def rejects_unrecovered(self) -> bool:
        """The client has state of its own to fetch again: it wants error 112 instead of a gap."""
        return bool(self.flag & 2)


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


class OtherRequest(Struct, frozen=True):
    """Of a command that this server knows by name only."""

    channel: str = ""


class Command(Struct, frozen=True):
    """One message from the client: an id and one of the commands."""

    id: Uint32 = 0
    connect: ConnectRequest | None = None
    subscribe: SubscribeRequest | None = None
    unsubscribe: UnsubscribeRequest | None = None
    publish: OtherRequest | None = None
    presence: OtherRequest | None = None
    presence_stats: OtherRequest | None = None
    history: HistoryRequest | None = None
    ping: OtherRequest | None = None
    send: OtherRequest | None = None
    rpc: OtherRequest | None = None
    refresh: OtherRequest | None = None
    sub_refresh: OtherRequest | None = None


# --- to the client -------------------------------------------------------------------------


class ErrorReply(Struct, frozen=True, omit_defaults=True):
    code: int
    message: str
    temporary: bool = False


class ConnectResult(Struct, frozen=True, omit_defaults=True):
    """ping: seconds between pings; pong: whether they must be answered."""

    client: str
    version: str
    ping: int = 0
    pong: bool = False


class SubscribeResult(Struct, frozen=True, omit_defaults=True):
    """publications: encoded ones, ascending. offset: the client's own where recovered."""

    recoverable: bool = False
    epoch: str = ""
    publications: list[Raw] = []
    recovered: bool = False
    offset: int = 0
    positioned: bool = False
    was_recovering: bool = False


class UnsubscribeResult(Struct, frozen=True):
    pass


class HistoryResult(Struct, frozen=True):
    """All three are always sent."""

    publications: list[Raw]
    epoch: str
    offset: int


class UnsubscribePush(Struct, frozen=True):
    code: int
    reason: str


class Push(Struct, frozen=True, omit_defaults=True):
    channel: str
    unsubscribe: UnsubscribePush | None = None


class Reply(Struct, frozen=True, omit_defaults=True):
    """One message to the client. Neither id nor push: a ping."""

    id: int = 0
    error: ErrorReply | None = None
    push: Push | None = None
    connect: ConnectResult | None = None
    subscribe: SubscribeResult | None = None
    unsubscribe: UnsubscribeResult | None = None
    history: HistoryResult | None = None
