"""Which idempotency keys are possible."""

import pytest

from ws_service.errors import InvalidIdempotencyKey
from ws_service.publishing.idempotency import KEY_LIMIT_BYTES, check_idempotency_key


@pytest.mark.parametrize("key", ["a", "order-42-paid", "ä" * 100, "x" * KEY_LIMIT_BYTES])
def test_text_of_up_to_255_bytes_is_a_key(key: str) -> None:
    """Whatever a task is called."""
    check_idempotency_key(key)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "1 to 255 bytes"),
        ("x" * 256, "not 256"),
        ("ä" * 128, "not 256"),
        ("\ud800", "UTF-8"),
        (42, "not int"),
        (b"a", "not bytes"),
    ],
)
def test_what_can_not_be_a_key_is_said_at_the_call(key: object, words: str) -> None:
    """After the commit nobody would hear of it."""
    with pytest.raises(InvalidIdempotencyKey, match=words):
        check_idempotency_key(key)
