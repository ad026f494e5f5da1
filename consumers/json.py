"""``ws/json/``: Channels' JSON consumer, with bad input answered instead of raised."""

from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer

from consumers.message import BadInput, decode, stamp


class JsonConsumer(AsyncJsonWebsocketConsumer):
    """Send back any JSON value as ``{"type": "echo", "content": …}``."""

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
    ) -> None:
        try:
            content = decode(text_data)
        except BadInput as error:
            await self.send(error.as_json())
            return
        await self.receive_json(content)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        try:
            text = await self.encode_json({"type": "echo", "content": content, **stamp(self.scope)})
        except RecursionError:  # deep enough to be read, too deep to be written inside another
            text = BadInput("invalid_json", "This is nested too deep.").as_json()
        await self.send(text)
