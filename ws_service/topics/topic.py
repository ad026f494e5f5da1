"""The class that a site writes for each kind of topic."""

from collections.abc import Awaitable, Mapping
from typing import Any, ClassVar

from ws_service.topics.history import History
from ws_service.topics.skip import SKIP, Skip


class Topic:
    """One kind of topic, seen by one user; like a class-based view.

    user: ``scope["user"]`` of the connection, possibly anonymous.
    name: the whole name, ``"orders:42"``.
    kwargs: what the pattern's converters made of it, ``{"pk": 42}``.

    Policies are plain methods, which run in the database threads, or ``async def``. An exception,
    or more than 4 s, is a temporary error: the client tries again.
    """

    history: ClassVar[History | None] = History()
    SKIP: ClassVar[Skip] = SKIP

    def __init__(self, user: Any, name: str, kwargs: Mapping[str, Any]) -> None:
        self.user = user
        self.name = name
        self.kwargs = kwargs

    def can_subscribe(self) -> bool | Awaitable[bool]:
        """May this user receive the topic, and read its history? Nobody may, by default."""
        return False

    @staticmethod
    def from_event(event: Mapping[str, Any]) -> Any:
        """For a topic over a group: what its subscribers get of an event that the site sends.

        event: what the group's consumers get, ``{"type": "chat.message", …}``; yours to change.
        Returns data as for ``publish()``, or ``Topic.SKIP`` where the event isn't for them. It is
        called for every event, in an event loop: no database, nothing that waits. If it raises,
        its subscribers don't get this event, and the log says so.
        """
        raise NotImplementedError
