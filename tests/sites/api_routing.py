"""What is published to over HTTP."""

from typing import Any

from ws_service import Topic, topic


class OpenTopic(Topic):
    """Everybody may."""

    def can_subscribe(self) -> bool:
        return True


class RoomTopic(OpenTopic):
    """It is known who is there."""

    presence = True

    def info(self) -> Any:
        return {"name": self.user.get_short_name()} if self.user.is_authenticated else None


topics = [topic("open:<str:name>", OpenTopic), topic("room:<str:name>", RoomTopic)]
