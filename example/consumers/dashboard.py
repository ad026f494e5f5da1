"""``ws/dashboard/``: every point that the site sends goes to every open dashboard."""

from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer

from ws_service import node_id

GROUP = "dashboard"


class DashboardConsumer(AsyncJsonWebsocketConsumer):
    """A one-way stream; the figures are no secret, so everybody may watch."""

    async def connect(self) -> None:
        # The group first, the greeting last. That keeps the gap small, and doesn't close it:
        # channels-redis returns from group_add() before Redis has confirmed the subscription,
        # so a point sent in that moment may still be missed.
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()
        await self.send_json({"type": "joined", "node": node_id()})

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
    ) -> None:
        await self.send_json(
            {
                "type": "error",
                "code": "read_only",
                "message": "The dashboard only sends. Use the button on its page to send a point.",
            }
        )

    async def dashboard_point(self, event: dict[str, Any]) -> None:
        """Pass on what the site sent with ``group_send("dashboard", ...)``."""
        await self.send_json({**event, "type": "point", "node": node_id()})
