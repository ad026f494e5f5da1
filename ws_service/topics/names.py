"""Which topic names are possible."""

from typing import Final
from unicodedata import category

from ws_service.errors import InvalidTopicName
from ws_service.text import text_of

NAME_LIMIT_BYTES: Final = 255
RESERVED_PREFIX: Final = "ws_service:"


def check_name(name: object) -> str:
    """The name, if it is one: 1 to 255 bytes of UTF-8 without control characters.

    A lazy text is the name that it is in the language that is active.
    Raises InvalidTopicName.
    """
    name = text_of(name)
    if not isinstance(name, str):
        raise InvalidTopicName(f"a topic name is a str, not {type(name).__name__}")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise InvalidTopicName("a topic name must have a UTF-8 form") from None
    if not name:
        raise InvalidTopicName("a topic name can't be empty")
    if size > NAME_LIMIT_BYTES:
        raise InvalidTopicName(f"a topic name has {NAME_LIMIT_BYTES} bytes at most, not {size}")
    if any(category(character) == "Cc" for character in name):
        raise InvalidTopicName("a topic name has no control characters")
    if name.startswith(RESERVED_PREFIX):
        raise InvalidTopicName(f"names that begin with {RESERVED_PREFIX!r} are reserved")
    return name
