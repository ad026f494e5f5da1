"""``ws/counter/``: the left-hand side of the front page, as Channels' tutorial would write it."""

from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer

GROUP = "counter"


class CounterConsumer(AsyncJsonWebsocketConsumer):
    """Every step that the site sends goes to whoever is connected at that moment."""

    async def connect(self) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def counter_step(self, event: dict[str, Any]) -> None:
        """Pass on what the site sent with ``group_send("counter", ...)``."""
        await self.send_json({"type": "step", "n": event["n"]})
