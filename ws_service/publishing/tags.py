"""Which tags a publication may carry."""

from collections.abc import Mapping
from typing import Final

from ws_service.errors import InvalidTags
from ws_service.text import text_of

TAGS_LIMIT: Final = 16
TAG_LIMIT_BYTES: Final = 255
"""Of a name, and of a value."""


def checked_tags(tags: object) -> Mapping[str, str]:
    """The tags, if they can be: up to 16, names of 1 to 255 bytes, values of up to 255.

    Raises InvalidTags.
    """
    if not isinstance(tags, Mapping):
        raise InvalidTags(f"tags are a dict of str to str, not {type(tags).__name__}")
    if len(tags) > TAGS_LIMIT:
        raise InvalidTags(f"a publication has {TAGS_LIMIT} tags at most, not {len(tags)}")
    texts = {text_of(name): text_of(value) for name, value in tags.items()}
    for name, value in texts.items():
        if _size(name) == 0:
            raise InvalidTags("the name of a tag can't be empty")
        _size(value)
    return texts


def _size(text: object) -> int:
    if not isinstance(text, str):
        raise InvalidTags(f"names and values of tags are str, not {type(text).__name__}")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise InvalidTags("names and values of tags must have a UTF-8 form") from None
    if size > TAG_LIMIT_BYTES:
        raise InvalidTags(
            f"names and values of tags have {TAG_LIMIT_BYTES} bytes at most, not {size}"
        )
    return size
