"""Three catalogues: a command fails, a subscription ends, a connection ends.

Codes, reasons and what clients make of them are the protocol's own; the ranges carry the advice
whether to come back.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """code and message go over the wire; is_temporary makes client libraries try again."""

    code: int
    message: str
    is_temporary: bool = False


class ReplyError(Enum):
    """Why a command got no result."""

    INTERNAL = ErrorEntry(100, "internal server error", is_temporary=True)
    UNAUTHORIZED = ErrorEntry(101, "unauthorized")
    UNKNOWN_CHANNEL = ErrorEntry(102, "unknown channel")
    PERMISSION_DENIED = ErrorEntry(103, "permission denied")
    METHOD_NOT_FOUND = ErrorEntry(104, "method not found")
    ALREADY_SUBSCRIBED = ErrorEntry(105, "already subscribed")
    LIMIT_EXCEEDED = ErrorEntry(106, "limit exceeded")
    BAD_REQUEST = ErrorEntry(107, "bad request")
    NOT_AVAILABLE = ErrorEntry(108, "not available")
    TOKEN_EXPIRED = ErrorEntry(109, "token expired")
    EXPIRED = ErrorEntry(110, "expired")
    TOO_MANY_REQUESTS = ErrorEntry(111, "too many requests", is_temporary=True)
    UNRECOVERABLE_POSITION = ErrorEntry(112, "unrecoverable position")
    CONCURRENT_PAGINATION = ErrorEntry(113, "concurrent pagination", is_temporary=True)


TEXT_LIMIT: Final = 500
"""Characters of what an error says: more than a person reads."""


def in_words(error: ReplyError, text: str) -> ErrorEntry:
    """An error that also says what is wrong. What has no UTF-8 form becomes a question mark."""
    entry = error.value
    told = text.encode(errors="replace").decode()
    return ErrorEntry(entry.code, f"{entry.message}: {told}"[:TEXT_LIMIT], entry.is_temporary)


HALF: Final = "a text in it has half of a surrogate pair, and so no UTF-8 form"

ILLEGIBLE: Final = in_words(ReplyError.BAD_REQUEST, HALF)
"""The error of a command that can be told from others, and whose text can't be read."""


@dataclass(frozen=True, slots=True)
class EndEntry:
    """code and reason of an end, as they go over the wire."""

    code: int
    reason: str


class Disconnect(Enum):
    """Why a connection ends; below 3500, and from 4000 to 4499, client libraries come back.

    A reason must never parse as JSON: two client libraries would read advice out of it.
    """

    CONNECTION_CLOSED = EndEntry(3000, "connection closed")
    SHUTDOWN = EndEntry(3001, "shutdown")
    INTERNAL_ERROR = EndEntry(3004, "internal server error")
    CONNECTION_EXPIRED = EndEntry(3005, "connection expired")
    SUBSCRIPTION_EXPIRED = EndEntry(3006, "subscription expired")
    SLOW = EndEntry(3008, "slow")
    WRITE_ERROR = EndEntry(3009, "write error")
    INSUFFICIENT_STATE = EndEntry(3010, "insufficient state")
    FORCE_RECONNECT = EndEntry(3011, "force reconnect")
    NO_PONG = EndEntry(3012, "no pong")
    TOO_MANY_REQUESTS = EndEntry(3013, "too many requests")
    STATE_INVALIDATED = EndEntry(3014, "state invalidated")
    INVALID_TOKEN = EndEntry(3500, "invalid token")
    BAD_REQUEST = EndEntry(3501, "bad request")
    STALE = EndEntry(3502, "stale")
    FORCE_DISCONNECT = EndEntry(3503, "force disconnect")
    CONNECTION_LIMIT = EndEntry(3504, "connection limit")
    CHANNEL_LIMIT = EndEntry(3505, "channel limit")
    INAPPROPRIATE_PROTOCOL = EndEntry(3506, "inappropriate protocol")
    PERMISSION_DENIED = EndEntry(3507, "permission denied")
    NOT_AVAILABLE = EndEntry(3508, "not available")
    TOO_MANY_ERRORS = EndEntry(3509, "too many errors")
    MESSAGE_TOO_BIG = EndEntry(1009, "message too big")

    @property
    def reconnects(self) -> bool:
        """Whether the client comes back by itself."""
        return 3000 <= self.value.code < 3500 or 4000 <= self.value.code < 4500


def entry_of(end: Disconnect | EndEntry) -> EndEntry:
    """Of the catalogue, or of the site's own."""
    return end.value if isinstance(end, Disconnect) else end


class Unsubscribe(Enum):
    """Why a subscription ends; from 2500 on, client libraries subscribe again at once."""

    SERVER = EndEntry(2000, "server unsubscribe")
    INSUFFICIENT_STATE = EndEntry(2500, "insufficient state")
    EXPIRED = EndEntry(2501, "subscription expired")
    STATE_INVALIDATED = EndEntry(2502, "state invalidated")

    @property
    def resubscribes(self) -> bool:
        """Whether the client comes back by itself."""
        return self.value.code >= 2500

    @property
    def of_server_side(self) -> Disconnect | None:
        """What becomes of the connection when this ends one of the server's own subscriptions:
        clients recover those only when they connect. None: nothing.
        """
        return {
            Unsubscribe.INSUFFICIENT_STATE: Disconnect.INSUFFICIENT_STATE,
            Unsubscribe.EXPIRED: Disconnect.SUBSCRIPTION_EXPIRED,
            Unsubscribe.STATE_INVALIDATED: Disconnect.STATE_INVALIDATED,
        }.get(self)
