"""The answers to ``refresh`` and ``sub_refresh``: a new token before the old one ends."""

import time
from dataclasses import dataclass

from ws_service.errors import ForeignToken, InvalidToken, TokenExpired
from ws_service.gateway.client import Client
from ws_service.gateway.refused import Disconnected, Unsubscribed
from ws_service.identity.tokens import TokenKeys
from ws_service.protocol.codes import Disconnect, Unsubscribe
from ws_service.protocol.messages import RefreshRequest, SubRefreshRequest


@dataclass(frozen=True, slots=True)
class Refreshing:
    """Verifies that the new token is of the same client, and says when it ends."""

    keys: TokenKeys

    def connection(self, client: Client, request: RefreshRequest) -> float | None:
        """When the connection ends now, None for never. Raises Disconnected."""
        try:
            claims = self.keys.verify_connection(request.token, time.time())
        except TokenExpired:
            raise Disconnected(Disconnect.CONNECTION_EXPIRED) from None
        except InvalidToken:
            raise Disconnected(Disconnect.INVALID_TOKEN) from None
        if claims.user != client.user_id:
            raise Disconnected(Disconnect.INVALID_TOKEN)
        if claims.channels.keys() != client.token_channels:
            # Its subscriptions are made when it connects.
            raise Disconnected(Disconnect.INSUFFICIENT_STATE)
        return claims.expires_at

    def subscription(self, client: Client, request: SubRefreshRequest) -> float | None:
        """When the subscription ends now, None for never. Raises Disconnected, Unsubscribed."""
        try:
            claims = self.keys.verify_subscription(
                request.token, request.channel, client.user_id, client.id, time.time()
            )
        except TokenExpired:
            raise Unsubscribed(Unsubscribe.EXPIRED) from None
        except (InvalidToken, ForeignToken):
            raise Disconnected(Disconnect.INVALID_TOKEN) from None
        return claims.expires_at
