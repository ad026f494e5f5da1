"""Data to JSON: once, where it enters. Afterwards it is never encoded again."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from ws_service.errors import InvalidPayload, PayloadTooLarge


def encode_payload(data: Any, limit_bytes: int) -> bytes:
    """Compact JSON in UTF-8, on one line, with Django's types (dates, decimals, UUIDs, lazy text).

    Raises InvalidPayload for what has no JSON form, PayloadTooLarge past the limit.
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
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidPayload(f"this can't be published as JSON: {error}") from error
    if len(payload) > limit_bytes:
        raise PayloadTooLarge(len(payload), limit_bytes)
    return payload
