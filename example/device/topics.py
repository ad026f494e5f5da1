"""``devices:1``: what a device reports, and whether it is there."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError

from example.device.models import Device
from ws_service import History, Topic


class DeviceTopic(Topic):
    """The device publishes, everybody may read. Commands go the other way: to ``#<its user>``."""

    history = History(size=120, ttl=timedelta(minutes=10))
    presence = True
    join_leave = "all"
    max_publication_size = 200
    publish_rate = 5.0

    async def can_subscribe(self) -> bool:
        return True

    async def can_see_presence(self) -> bool:
        return True

    def can_publish(self) -> bool:
        if not self.user.is_authenticated:
            return False
        return Device.objects.filter(pk=self.kwargs["pk"], user=self.user).exists()

    def clean(self, data: Any) -> dict[str, Any]:
        """A device in the field may be old, broken or somebody else's by now."""
        match data:
            case {"celsius": float() | int() as celsius, "lamp": bool(lamp), "at": int(at)}:
                pass
            case _:
                raise ValidationError("A reading has celsius, lamp and at.")
        if not -60 <= celsius <= 120:
            raise ValidationError("No thermometer says that.")
        return {"celsius": round(celsius, 2), "lamp": lamp, "at": at}
