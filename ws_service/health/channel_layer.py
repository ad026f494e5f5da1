"""A round trip through the channel layer."""

import secrets
from typing import Any

from channels.layers import get_channel_layer

from ws_service.health.canary import NothingToTry


class LayerRoundTrip:
    """Sends itself a message through one of ``CHANNEL_LAYERS``."""

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._channel: str | None = None

    async def __call__(self) -> None:
        """Raises what the layer raises; NothingToTry without a layer."""
        layer = get_channel_layer(self._alias)
        if layer is None:
            raise NothingToTry("none is configured")
        await self._through(layer)

    async def _through(self, layer: Any) -> None:
        nonce = secrets.token_hex(8)
        message = {"type": "ws_service.canary", "nonce": nonce}
        if self._channel is None:
            # To nobody, first: new_channel() keeps what it made also when it fails, and while
            # Redis is away that would be one more with every probe.
            await layer.send("ws_service.canary", message)
            self._channel = await layer.new_channel()
        await layer.send(self._channel, message)
        try:
            # An answer that came too late for an earlier attempt may still be queued.
            while (await layer.receive(self._channel)).get("nonce") != nonce:
                pass
        except BaseException:
            self._channel = None  # a layer takes the channel of a cancelled receive back
            raise
