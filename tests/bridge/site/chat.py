"""An ordinary Channels consumer: it knows nothing of topics."""

from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer


class ChatConsumer(AsyncJsonWebsocketConsumer):
    """Passes on every event of its room, whole; what its client says goes to the room."""

    async def connect(self) -> None:
        self.group = f"chat.{self.scope['url_route']['kwargs']['room']}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        await self.send_json({"joined": self.group})

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        event = {"type": "chat.message", "text": content, "secret": "for consumers"}
        await self.channel_layer.group_send(self.group, event)

    async def chat_message(self, event: Any) -> None:
        await self.send_json(event)

    async def chat_typing(self, event: Any) -> None:
        await self.send_json(event)
