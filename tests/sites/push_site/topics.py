"""One topic for each answer that a policy can give, and for each kind of history."""

from datetime import timedelta
from pathlib import Path

from django.conf import settings

from ws_service import History, Topic


class OpenTopic(Topic):
    """Everybody may."""

    async def can_subscribe(self) -> bool:
        return True


class DeepTopic(OpenTopic):
    """Keeps more than any outage of a test makes anybody miss."""

    history = History(size=1_000, ttl=timedelta(minutes=10))


class ShallowTopic(OpenTopic):
    """Keeps so little that whoever was away must be told of a gap."""

    history = History(size=5, ttl=timedelta(minutes=10))


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
