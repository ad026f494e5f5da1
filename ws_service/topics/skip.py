"""What a topic's ``from_event()`` returns for events that are not for its subscribers."""

from enum import Enum
from typing import Final


class Skip(Enum):
    """A type with one value, so that no data can be taken for it."""

    SKIP = "skip"


SKIP: Final = Skip.SKIP
