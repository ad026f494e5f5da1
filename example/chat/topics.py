"""``chat:lobby``: what is said, and who is there. ``typing:lobby``: who is about to say more."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError

from example.chat.models import Room
from example.pages.shared_topic import SharedTopic
from ws_service import History


class ChatTopic(SharedTopic):
    """Only the site's view publishes here, once a message is saved."""

    history = History(size=100, ttl=timedelta(hours=1))
    presence = True
    join_leave = "all"

    async def can_subscribe(self) -> bool:
        return self.kwargs["room"] in Room

    async def can_publish(self) -> bool:
        return False


class TypingTopic(SharedTopic):
    """Published by the pages themselves. Yesterday's marks are of no use: no history."""

    history = None
    publish_rate = 5.0

    async def can_subscribe(self) -> bool:
        return self.kwargs["room"] in Room

    async def clean(self, data: Any) -> dict[str, Any]:
        """A mark says nothing but that it is there; the service adds whose it is."""
        if data != {}:
            raise ValidationError("A typing mark is an empty object.")
        return {}
