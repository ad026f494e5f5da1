"""One topic for each answer that a policy can give, and for each kind of history."""

import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from ws_service import History, Topic
from ws_service import UserTopic as OwnTopic

_SLEEP_S = 6.0
"""Longer than the service waits for a policy."""


class OpenTopic(Topic):
    """Everybody may hear it and read what it keeps."""

    async def can_subscribe(self) -> bool:
        return True

    async def can_see_history(self) -> bool:
        return True


class DeepTopic(OpenTopic):
    """Keeps more than any outage of a test makes anybody miss; everybody may do everything."""

    history = History(size=1_000, ttl=timedelta(minutes=10))
    presence = True

    async def can_publish(self) -> bool:
        return True

    async def can_see_presence(self) -> bool:
        return True


class InboxTopic(OwnTopic):
    """A user's own, as deep: nobody asks for it, everybody with a name is in it at once."""

    history = History(size=1_000, ttl=timedelta(minutes=10))


class TeamTopic(Topic):
    """The team of those whose names begin with the same letter; they are in it at once."""

    presence = True
    join_leave = "all"

    @classmethod
    def at_connect(cls, user: Any) -> Iterable[Mapping[str, Any]]:
        return [{"initial": user.name[0]}] if user.is_authenticated else []

    def can_see_presence(self) -> bool:
        return True


class LatestTopic(OpenTopic):
    """Only the present state counts."""

    history = History(size=1, ttl=timedelta(minutes=10))
    recovery = "cache"


class RoomTopic(OpenTopic):
    """Whoever is in it sees who else is, comes and goes; and talks."""

    presence = True
    join_leave = "all"

    async def can_see_presence(self) -> bool:
        return True

    def can_publish(self) -> bool:
        return True

    def clean(self, data: Any) -> Any:
        if not isinstance(data, dict) or not str(data.get("text", "")).strip():
            raise ValidationError("there is nothing to say")
        return {"text": str(data["text"]).strip()}

    def info(self) -> Any:
        """Asks the database, in a thread."""
        users = get_user_model().objects.filter(pk=self.user.pk)
        return {"name": users.get().name} if users.exists() else None


class LobbyTopic(RoomTopic):
    """Comings and goings are told to those who ask."""

    join_leave = "asked"


class VeiledTopic(OpenTopic):
    """It is known who is there, but not for everybody; nor is what it keeps."""

    presence = True
    join_leave = "asked"

    async def can_see_history(self) -> bool:
        return False


class TightTopic(OpenTopic):
    """Takes little, and little at a time."""

    history = None
    max_publication_size = 100
    publish_rate = 2

    async def can_publish(self) -> bool:
        return True


class SleepyTopic(Topic):
    """Its policy hangs until a flag is up, as one does that asks a service which is overloaded."""

    def can_subscribe(self) -> bool:
        if not (Path(settings.FLAGS) / "awake").exists():
            time.sleep(_SLEEP_S)
        return True


class OrmTopic(Topic):
    """Its policy asks the database, in a thread."""

    def can_subscribe(self) -> bool:
        return get_user_model().objects.exists()


class ShallowTopic(OpenTopic):
    """Keeps so little that whoever was away must be told of a gap."""

    history = History(size=5, ttl=timedelta(minutes=10))


class MayflyTopic(OpenTopic):
    """Keeps what was published for a second."""

    history = History(size=10, ttl=timedelta(seconds=1))


class MayflyLatestTopic(MayflyTopic):
    """Its present state is known for a second."""

    recovery = "cache"


class FleetingTopic(OpenTopic):
    """Keeps nothing: whoever is away misses it, and nobody promised otherwise."""

    history = None


class UserTopic(Topic):
    """Asks the ORM's user, in a thread."""

    def can_subscribe(self) -> bool:
        return self.user.is_authenticated and self.user.name == self.kwargs["name"]


class FlakyTopic(Topic):
    """Its policy raises until a flag is up, as one does whose database is away."""

    def can_subscribe(self) -> bool:
        if not (Path(settings.FLAGS) / self.kwargs["flag"]).exists():
            raise ConnectionError("the policy's database is away")
        return True
