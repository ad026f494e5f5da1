"""``ws/chat/`` and ``ws/chat/<room>/``: everybody in a room sees what is said there."""

import json
from typing import Any, Final

from channels.generic.websocket import AsyncWebsocketConsumer

from consumers.message import BadInput, read_message, stamp
from consumers.room import Room

POLICY_VIOLATION: Final = 1008  # RFC 6455 section 7.4.1


class ChatConsumer(AsyncWebsocketConsumer):
    """Join the room's group, say so, pass messages on."""

    room: Room | None = None

    async def connect(self) -> None:
        try:
            room = Room.named(self.scope["url_route"]["kwargs"]["room"])
        except BadInput as error:
            await self.accept()
            await self.send(error.as_json())
            await self.close(POLICY_VIOLATION)
            return
        await self.channel_layer.group_add(room.group, self.channel_name)
        self.room = room
        await self.accept()
        await self._send({"type": "joined", "room": room.name, **stamp(self.scope)})

    async def disconnect(self, code: int) -> None:
        if self.room is not None:
            await self.channel_layer.group_discard(self.room.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.room is None:
            return  # refused in connect(); this frame was on its way already
        try:
            message = read_message(text_data)
        except BadInput as error:
            await self.send(error.as_json())
            return
        said = {"type": "message", "message": message, "room": self.room.name}
        event = {"type": "chat.message", "said": said | stamp(self.scope)}
        await self.channel_layer.group_send(self.room.group, event)

    async def chat_message(self, event: dict[str, Any]) -> None:
        """A ``chat.message`` from the group: dots in an event's type become underscores."""
        await self._send(event["said"])

    async def _send(self, content: dict[str, Any]) -> None:
        await self.send(json.dumps(content))
