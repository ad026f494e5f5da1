"""Data to JSON: once, where it enters. Afterwards it is never encoded again."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from ws_service.errors import InvalidPayload, PayloadTooLarge
from ws_service.readable import UnreadableJSON, check_nesting


def encode_payload(data: Any, limit_bytes: int) -> bytes:
    """Compact JSON in UTF-8, on one line, with Django's types (dates, decimals, UUIDs, lazy text).

    Raises InvalidPayload for what has no JSON form, or one that not everybody can read (half of a
    surrogate pair, a number of more than 4,300 digits, nesting deeper than 100 levels),
    PayloadTooLarge past the limit.
    """
    try:
        text = json.dumps(
            data,
            cls=DjangoJSONEncoder,
            allow_nan=False,
            ensure_ascii=False,
            separators=(",", ":"),
        )
        payload = text.encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start : error.end]
        raise InvalidPayload(
            f"this can't be published as JSON: a text in it has {half!r}, half of a surrogate pair,"
            " and so no UTF-8 form"
        ) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidPayload(f"this can't be published as JSON: {error}") from error
    if len(payload) > limit_bytes:
        raise PayloadTooLarge(len(payload), limit_bytes)
    try:
        check_nesting(payload)
    except UnreadableJSON as error:
        raise InvalidPayload(f"this can't be published as JSON: {error}") from None
    return payload
