"""What the site's functions say by raising, and what can't be sent of what they give.

One rule for policies, ``clean``, ``info``, ``at_connect`` and methods, shown by a table in
``docs/clients.md``. Only what may be otherwise the next time is temporary: client libraries try
that again.
"""

from collections.abc import Callable
from typing import Any, Final

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    SuspiciousOperation,
    ValidationError,
)
from django.http import Http404

from ws_service.calls import RPCError
from ws_service.errors import InvalidPayload, PayloadTooLarge
from ws_service.gateway.refused import bad_request
from ws_service.protocol.codes import ErrorEntry, ReplyError, in_words
from ws_service.publishing.payload import encode_payload

NOT_FOUND: Final = ErrorEntry(404, "not found")

NO_JSON: Final = ErrorEntry(100, "internal server error: the answer has no JSON form")
"""Not temporary: the same function gives the same again."""

SAID: Final = (
    RPCError, PermissionDenied, Http404, ValidationError, BadRequest, SuspiciousOperation,
)  # fmt: skip
"""Exceptions that are answers; any other is a failure, and temporary."""


class Unsendable(Exception):
    """What the site's function gave can't be sent; the text says why, for the log.

    entry: what the client gets.
    """

    def __init__(self, entry: ErrorEntry, text: str) -> None:
        super().__init__(text)
        self.entry = entry


def answer_to(error: Exception) -> ErrorEntry:
    """What a client gets for one of ``SAID``. None of them is temporary."""
    match error:
        case RPCError():
            return ErrorEntry(error.code, error.message)
        case PermissionDenied():
            return ReplyError.PERMISSION_DENIED.value
        case Http404():
            return NOT_FOUND
        case ValidationError():
            return bad_request("; ".join(error.messages))
    # What they say is for the site's own log, as in Django.
    return ReplyError.BAD_REQUEST.value


def encoder(
    limit_bytes: int, bound: str, too_large: ReplyError = ReplyError.LIMIT_EXCEEDED
) -> Callable[[Any], bytes]:
    """Makes JSON of what a function gives. Raises Unsendable.

    bound: what the limit is called, for whoever has to mend it. too_large: the error past it.
    """

    def encode(data: Any) -> bytes:
        try:
            return encode_payload(data, limit_bytes)
        except PayloadTooLarge as error:
            entry = in_words(too_large, f"{error.size} bytes of JSON are more than {limit_bytes}")
            text = f"gave {error.size} bytes of JSON, more than {limit_bytes}: {bound}"
            raise Unsendable(entry, text) from None
        except InvalidPayload as error:
            raise Unsendable(NO_JSON, f"gave what can't be sent: {error}") from None

    return encode
