"""A chat room: any Unicode name, and the channel-layer group that stands for it."""

import hashlib
import unicodedata
from dataclasses import dataclass
from typing import Final

from consumers.message import BadInput, is_encodable

LENGTH_LIMIT: Final = 100
"""Characters of a room's name."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room by its normalised name: é is one room, however a keyboard composes it."""

    name: str

    @classmethod
    def named(cls, name: str) -> "Room":
        """Raises BadInput for an empty or long name, and for control characters."""
        name = unicodedata.normalize("NFC", name).strip()
        if not name or len(name) > LENGTH_LIMIT:
            raise BadInput("invalid_room", f"A room's name has 1 to {LENGTH_LIMIT} characters.")
        if not is_encodable(name) or any(unicodedata.category(char) == "Cc" for char in name):
            raise BadInput("invalid_room", "A room's name has no control characters.")
        return cls(name)

    @property
    def group(self) -> str:
        """A legal group name: ASCII letters, digits, full stops, under 100 characters."""
        return f"chat.{hashlib.sha256(self.name.encode()).hexdigest()}"
