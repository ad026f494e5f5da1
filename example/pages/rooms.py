"""The names of chat rooms."""

import unicodedata

LOBBY = "general"
SUGGESTED_ROOMS = (LOBBY, "café", "東京", "Ünïcode & friends")
NAME_LIMIT = 100


class ImpossibleRoom(ValueError):
    """The name can't be a room's; the text says why."""


def room_named(name: str) -> str:
    """Return the name as the service will see it. Raises ImpossibleRoom."""
    name = unicodedata.normalize("NFC", name).strip()
    if not name:
        raise ImpossibleRoom("A room needs a name.")
    if len(name) > NAME_LIMIT:
        raise ImpossibleRoom(f"A room's name has at most {NAME_LIMIT} characters.")
    if {".", ".."} & set(name.split("/")):
        raise ImpossibleRoom("In an address “.” and “..” stand for other places: not for a room.")
    if not name.isprintable():
        raise ImpossibleRoom("A room's name is made of characters that can be seen.")
    return name
