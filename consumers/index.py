"""``ws/index/``: the smallest conversation. What you say comes back."""

import json

from channels.generic.websocket import AsyncWebsocketConsumer

from consumers.message import BadInput, read_message, stamp


class IndexConsumer(AsyncWebsocketConsumer):
    """Echo ``{"message": …}`` with who, when and by which node."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            message = read_message(text_data)
        except BadInput as error:
            await self.send(error.as_json())
            return
        await self.send(json.dumps({"type": "message", "message": message, **stamp(self.scope)}))
