"""The key by which a repeated publication is recognised."""

from typing import Final

from ws_service.errors import InvalidIdempotencyKey
from ws_service.text import text_of

KEY_LIMIT_BYTES: Final = 255


def check_idempotency_key(key: object) -> str:
    """The key, if it is one. Raises InvalidIdempotencyKey."""
    key = text_of(key)
    if not isinstance(key, str):
        raise InvalidIdempotencyKey(f"an idempotency key is a str, not {type(key).__name__}")
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise InvalidIdempotencyKey("an idempotency key must have a UTF-8 form") from None
    if not 1 <= size <= KEY_LIMIT_BYTES:
        raise InvalidIdempotencyKey(
            f"an idempotency key has 1 to {KEY_LIMIT_BYTES} bytes, not {size}"
        )
    return key
