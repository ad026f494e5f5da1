"""``ws/binary/``: bytes in, the same bytes out."""

from typing import Final

from channels.generic.websocket import AsyncWebsocketConsumer

from consumers.message import BadInput

SIZE_LIMIT_BYTES: Final = 65_536


class BinaryConsumer(AsyncWebsocketConsumer):
    """Echo binary frames; text gets an error."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            payload = _checked(bytes_data)
        except BadInput as error:
            await self.send(error.as_json())
            return
        await self.send(bytes_data=payload)


def _checked(payload: bytes | None) -> bytes:
    if payload is None:
        raise BadInput("text_not_allowed", "This address expects binary frames.")
    if len(payload) > SIZE_LIMIT_BYTES:
        raise BadInput("too_long", f"A frame has at most {SIZE_LIMIT_BYTES} bytes.")
    return payload
