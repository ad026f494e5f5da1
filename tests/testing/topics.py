"""Topics with a policy of each kind."""

from typing import Any

from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied, ValidationError

from ws_service import History, Topic, UserTopic, topic


class Orders(Topic):
    """Its policy asks the database; a session stands for an order here."""

    def can_subscribe(self) -> bool:
        return Session.objects.filter(session_key=str(self.kwargs["pk"])).exists()


class Brief(Topic):
    """Keeps three, everybody may see them, by asynchronous policies."""

    history = History(size=3)

    async def can_subscribe(self) -> bool:
        return not await Session.objects.filter(session_key="closed").aexists()

    async def can_see_history(self) -> bool:
        return True


class Cursor(Topic):
    """Only the present is of interest."""

    history = None

    def can_subscribe(self) -> bool:
        return True


class Room(Topic):
    """Members speak, and see each other."""

    presence = True
    join_leave = "all"
    max_publication_size = 100

    def can_subscribe(self) -> bool:
        if self.user.is_anonymous:
            raise PermissionDenied
        return True

    def can_publish(self) -> bool:
        return self.user.is_authenticated

    def can_see_presence(self) -> bool:
        return self.user.is_authenticated

    def clean(self, data: Any) -> Any:
        if not isinstance(data, str):
            raise ValidationError("say something")
        return {"text": data.strip()}

    def info(self) -> Any:
        return {"name": self.user.get_username()}


class Broken(Topic):
    """A policy with a bug."""

    def can_subscribe(self) -> bool:
        raise LookupError("a policy's bug")


topics = [
    topic("orders:<int:pk>", Orders, name="order"),
    topic("brief:<str:name>", Brief),
    topic("cursor:<str:name>", Cursor),
    topic("room:<str:name>", Room),
    topic("broken", Broken),
    topic("$sealed:<str:name>", Cursor),
    topic("#<str:user>", UserTopic),
]
