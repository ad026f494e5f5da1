"""The class that a site writes for each kind of topic."""

from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, ClassVar

from ws_service.topics.history import History
from ws_service.topics.options import JoinLeave, Recovery
from ws_service.topics.skip import SKIP, Skip


class Topic:
    """One kind of topic, seen by one user; like a class-based view.

    user: ``scope["user"]`` of the connection, possibly anonymous.
    name: the whole name, ``"orders:42"``.
    kwargs: what the pattern's converters made of it, ``{"pk": 42}``.

    Policies (``can_…``) are plain methods, which run in the database threads, or ``async def``.
    ``PermissionDenied`` and ``Http404`` say no; ``ValidationError`` and ``RPCError`` say why. Any
    other exception, or more than 4 s, is a temporary error: the client tries again. A subscription
    token takes the place of ``can_subscribe``.

    history: how much is kept for who was away; None for nothing.
    recovery: ``"stream"`` gives who comes back everything that was missed; ``"cache"`` only the
        latest publication, for topics of which only the present state counts.
    presence: whether the service knows who is subscribed.
    join_leave: who is told when somebody comes or goes: ``"off"``, ``"asked"`` (clients that ask
        for it and may see presence) or ``"all"``. Needs ``presence``.
    max_publication_size: bytes of JSON; None is ``WS_SERVICE["MAX_PUBLICATION_SIZE"]``.
    publish_rate: publications a second that one connection may make to topics of this kind; None
        is the connection's own limit of commands.
    """

    history: ClassVar[History | None] = History()
    recovery: ClassVar[Recovery] = "stream"
    presence: ClassVar[bool] = False
    join_leave: ClassVar[JoinLeave] = "off"
    max_publication_size: ClassVar[int | None] = None
    publish_rate: ClassVar[float | None] = None
    SKIP: ClassVar[Skip] = SKIP

    def __init__(self, user: Any, name: str, kwargs: Mapping[str, Any]) -> None:
        self.user = user
        self.name = name
        self.kwargs = kwargs

    def can_subscribe(self) -> bool | Awaitable[bool]:
        """May this user receive the topic? Nobody may, by default."""
        return False

    def can_publish(self) -> bool | Awaitable[bool]:
        """May this user's client publish to the topic? Nobody may, by default."""
        return False

    def can_see_presence(self) -> bool | Awaitable[bool]:
        """May this user see who is subscribed? Nobody may, by default."""
        return False

    def can_see_history(self) -> bool | Awaitable[bool]:
        """May this user read what is kept, beyond what a recovery gives? Nobody, by default."""
        return False

    def clean(self, data: Any) -> Any:
        """What is published of what a client sent, once it may; or a ``ValidationError``.

        data: whatever the client wrote: anything that JSON can say. By default it is published as
        it is. Runs where ``can_publish`` runs (in a database thread, unless it is ``async def``).
        """
        return data

    def info(self) -> Any:
        """What others see of this user beside the id, in presence and in what it publishes.

        Asked once, when the user subscribes; small data, None for nothing. Clients find it as
        ``chan_info``. Like a policy it may ask the database, or be ``async def``.
        """
        return None

    @classmethod
    def at_connect(
        cls, user: Any
    ) -> Iterable[Mapping[str, Any]] | Awaitable[Iterable[Mapping[str, Any]]]:
        """The topics of this kind to which a user is subscribed at once, without asking.

        Returns the pattern's parameters of each: ``[{"pk": 7}, {"pk": 8}]``.
        No other policy is asked. Runs in a database thread, or is an ``async def``.
        """
        return ()

    @staticmethod
    def from_event(event: Mapping[str, Any]) -> Any:
        """For a topic over a group: what its subscribers get of an event that the site sends.

        event: what the group's consumers get, ``{"type": "chat.message", …}``; yours to change.
        Returns data as for ``publish()``, or ``Topic.SKIP`` where the event isn't for them. It is
        called for every event, in an event loop: no database, nothing that waits. If it raises,
        its subscribers don't get this event, and the log says so.
        """
        raise NotImplementedError


class UserTopic(Topic):
    """A user's own topic: ``topic("#<str:user>", UserTopic, name="user")``.

    Every connection of a user is subscribed to it at once. ``publish(f"#{user.pk}", …)`` reaches
    all of them, wherever they are.
    """

    # Coroutines: they wait for nothing, and a plain function would take a database thread.

    async def can_subscribe(self) -> bool:
        """Nobody else may."""
        return bool(self.user.is_authenticated) and str(self.user.pk) == self.kwargs["user"]

    @classmethod
    async def at_connect(cls, user: Any) -> Iterable[Mapping[str, Any]]:
        """The user's own, and nothing for who has no name."""
        return [{"user": str(user.pk)}] if user.is_authenticated else []
