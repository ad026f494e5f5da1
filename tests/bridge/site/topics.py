"""A topic over the chat's groups."""

from typing import Any

from ws_service import Topic


class RoomTopic(Topic):
    """Everybody may hear what is said; who is typing is not for the topic."""

    async def can_subscribe(self) -> bool:
        return True

    @staticmethod
    def from_event(event: dict[str, Any]) -> Any:
        if event["type"] == "chat.typing":
            return Topic.SKIP
        del event["secret"]  # the copy's: consumers get theirs with it
        return {"text": event["text"]}
