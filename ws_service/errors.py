"""Everything that can go wrong, by name.

A *refusal* ends a handshake before there is a connection; a *close code* ends a connection
(RFC 6455 section 7.4). Exceptions say what happened inside.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class CloseCode:
    """The codes this service closes with (RFC 6455 7.4.1 and the registry it founded).

    Plain integers, because servers compare types.
    """

    NORMAL: Final = 1000
    INTERNAL_ERROR: Final = 1011
    SERVICE_RESTART: Final = 1012
    TRY_AGAIN_LATER: Final = 1013


def is_reserved(code: object) -> bool:
    """Whether a close code is one that only the protocol may define (RFC 6455 7.4.2)."""
    return isinstance(code, int) and CloseCode.NORMAL < code < 3000


def is_sendable(code: object) -> bool:
    """Whether an endpoint may send this code at all (RFC 6455 7.4.1, 7.4.2)."""
    return isinstance(code, int) and (
        (1000 <= code <= 1014 and code not in (1004, 1005, 1006)) or 3000 <= code <= 4999
    )


def private_equivalent(code: int) -> int:
    """The code in the private range that stands for a reserved one: 1012 → 4012."""
    return code + 3000


@dataclass(frozen=True, slots=True)
class RefusalReason:
    """Why a handshake is refused.

    status: HTTP status, sent where the server supports ASGI's denial response.
    text: one line for the person who reads the response.
    is_temporary: whether the same handshake may succeed later.
    """

    status: int
    text: str
    is_temporary: bool = False


class Refusal(Enum):
    """The catalogue of refused handshakes."""

    BAD_REQUEST = RefusalReason(400, "What this handshake asks for can't be read, or is too much.")
    ORIGIN_NOT_ALLOWED = RefusalReason(403, "This origin may not open a WebSocket here.")
    NOT_FOUND = RefusalReason(404, "No WebSocket is routed at this path.")
    INTERNAL_ERROR = RefusalReason(500, "The service failed while it opened this WebSocket.")
    UNAVAILABLE = RefusalReason(503, "Something that this service needs is away; try again.", True)


class WsServiceError(Exception):
    """Base of every exception that this package raises on purpose."""


class InvalidRouting(WsServiceError):
    """The routing module can't be used; the text says why and what mends it."""


class InvalidMiddleware(WsServiceError):
    """A middleware that can't be imported or called; the text says which."""


class InvalidTopicsFile(InvalidRouting):
    """``topics.toml`` can't be used; the text says where, why and what was meant."""


class DatabaseThreadsBusy(WsServiceError):
    """Too much database work is waiting already; ``waiting`` is how much."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} pieces of database work are waiting already")
        self.waiting = waiting


class InvalidApplication(WsServiceError):
    """``module:attribute`` that names no application."""


class InvalidBind(WsServiceError, ValueError):
    """An address to listen on that can't be understood."""


class InvalidRedisUrl(WsServiceError, ValueError):
    """A URL that names no Redis; the text says why and has nothing of the URL."""


class CannotListen(WsServiceError):
    """An address that is taken, or isn't this machine's."""

    def __init__(self, bind: object, reason: str) -> None:
        super().__init__(f"can't listen on {bind}: {reason}")


class InvalidTopicName(WsServiceError, ValueError):
    """A topic name that can't be: empty, too long, control characters, or reserved."""


class WrongTopicParameters(InvalidTopicName):
    """Other parameters than those of the pattern: a mistake in code, whatever their values are."""


class UnknownTopic(WsServiceError, LookupError):
    """No pattern of the site's ``topics`` matches; ``name`` is what was asked for."""

    def __init__(self, name: str, hint: str = "") -> None:
        super().__init__(f"no topic pattern matches {name!r}{hint}")
        self.name = name


class UnreadableTopics(WsServiceError):
    """What the service has written of its topics is of another version, or spoilt."""


class InvalidIdempotencyKey(WsServiceError, ValueError):
    """A key that can't be: no text, empty, no UTF-8 form, or more than 255 bytes."""


class InvalidTags(WsServiceError, ValueError):
    """Tags that can't be: no mapping of text to text, too many, or too long."""


class InvalidPayload(WsServiceError, ValueError):
    """Data that has no JSON form: NaN, Infinity, lone surrogates, unknown types."""


class PayloadTooLarge(InvalidPayload):
    """Data whose JSON form is over the limit; ``size`` and ``limit`` are in bytes."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(
            f"{size} bytes of JSON are more than {limit}: WS_SERVICE['MAX_PUBLICATION_SIZE'], or"
            " the topic's own max_publication_size"
        )
        self.size = size
        self.limit = limit


class TokenError(WsServiceError):
    """A token that doesn't give what it is sent for; the text has nothing of the token."""


class InvalidToken(TokenError):
    """A token that this deployment did not sign, or not for this purpose."""


class TokenExpired(TokenError):
    """A good token, outside its time; a new one will do."""


class ForeignToken(TokenError):
    """A good token that somebody else sends, or for another topic."""


class UnknownUser(WsServiceError):
    """Nobody has this id, or nobody who is active."""


class BrokerUnavailable(WsServiceError):
    """Redis could not be reached in time, or refused; the text has no address or password."""


class InvalidControl(WsServiceError, ValueError):
    """Something that can't be told to the service: nobody is meant, or no close has that code."""


class NotAvailable(WsServiceError):
    """A topic doesn't have what was asked for: its ``history`` (or ``presence``) is off."""


class Unrecoverable(WsServiceError):
    """What was published since a position is gone, or more than one recovery carries."""


class TooManyPresent(WsServiceError):
    """A topic has more clients than one reply can list; ``topic`` is its name."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"the presence of {topic!r} is too much for one reply: ask for its stats")
        self.topic = topic


class TooManyTopics(WsServiceError):
    """A process holds as many topics as it may; ``limit`` is how many."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"this process holds {limit} topics already")
        self.limit = limit


class BrokerNotConfigured(WsServiceError):
    """Topics need a Redis and the settings name none that can be used; ``reason`` says why not."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(
            f"topics need a Redis: {reason}; set WS_SERVICE['REDIS_URL']"
            if reason
            else "topics need a Redis: set WS_SERVICE['REDIS_URL'], or a channels_redis channel"
            " layer with a host"
        )
        self.reason = reason
