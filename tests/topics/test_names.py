"""Which topic names are possible."""

from typing import Any

import pytest

from ws_service.errors import InvalidTopicName
from ws_service.topics.names import check_name


@pytest.mark.parametrize("name", ["a", "x" * 255, "ü" * 127, "orders:42", "#7", "a b/c?*", "🎉"])
def test_a_name_is_up_to_255_bytes_of_text(name: str) -> None:
    """Sites name things in their own language."""
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "can't be empty"),
        ("x" * 256, "255 bytes at most, not 256"),
        ("ü" * 128, "255 bytes at most, not 256"),
        ("a\nb", "no control characters"),
        ("a\x00", "no control characters"),
        ("a\x7f", "no control characters"),
        ("a\x85", "no control characters"),
        ("a\ud800", "a UTF-8 form"),
        ("ws_service:control", "reserved"),
        (7, "a str, not int"),
        (b"a", "a str, not bytes"),
        (None, "a str, not NoneType"),
    ],
)
def test_other_names_are_refused_with_a_reason(name: Any, words: str) -> None:
    """They would break a log, a Redis key, or another client."""
    with pytest.raises(InvalidTopicName, match=words):
        check_name(name)
