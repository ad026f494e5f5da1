"""What the shared pages (chat, whiteboard, game) have in common."""

from typing import Any

from ws_service import Topic


class SharedTopic(Topic):
    """Everybody may look on. Who is logged in takes part, and is seen by name."""

    async def can_subscribe(self) -> bool:
        return True

    async def can_see_presence(self) -> bool:
        return True

    async def can_publish(self) -> bool:
        return bool(self.user.is_authenticated)

    async def info(self) -> dict[str, Any] | None:
        """Others see it in presence and beside what is published, as ``chanInfo``."""
        return {"name": self.user.get_short_name()} if self.user.is_authenticated else None
