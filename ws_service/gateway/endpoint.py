"""The ASGI applications at which clients of topics connect."""

import asyncio
import logging
import secrets
from typing import Final
from urllib.parse import parse_qs

from ws_service.asgi_types import Receive, Scope, Send
from ws_service.errors import Refusal
from ws_service.gateway.connection import Connection
from ws_service.gateway.gateway import Gateway
from ws_service.identity.users import anonymous
from ws_service.protocol.codes import Disconnect
from ws_service.protocol.one_way import OneWaySession, may_be_in_a_url
from ws_service.protocol.session import Session
from ws_service.quiet import Quiet
from ws_service.refusal import refuse

logger = logging.getLogger(__name__)

JSON: Final = "centrifuge-json"
PROTOBUF: Final = "centrifuge-protobuf"
"""What client libraries offer as subprotocols; those for JSON mostly offer none."""

CONNECT_PARAMETER: Final = "cf_connect"


class PushEndpoint:
    """``/connection/websocket``: clients that speak the protocol."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._quiet = Quiet()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        offered = scope.get("subprotocols", ())
        if PROTOBUF in offered:
            await self._refuse_protobuf(send)
            return
        await send({"type": "websocket.accept", "subprotocol": JSON if JSON in offered else None})
        gateway = self._gateway
        ping_interval_s = gateway.connection_limits.ping_interval_s
        session = Session(_client_id(), gateway.version, ping_interval_s, gateway.session_limits)
        await _serve(gateway, session, scope, receive, send)

    async def _refuse_protobuf(self, send: Send) -> None:
        """Tell a client for good that only JSON is spoken: a refused handshake it would repeat."""
        if self._quiet.may_say("protobuf", asyncio.get_running_loop().time()):
            logger.warning("A client library wants Protobuf; only JSON is spoken here")
        await send({"type": "websocket.accept", "subprotocol": PROTOBUF})
        end = Disconnect.INAPPROPRIATE_PROTOCOL.value
        await send({"type": "websocket.close", "code": end.code, "reason": end.reason})


class OneWayEndpoint:
    """``/connection/uni_websocket``: clients that only listen."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        gateway = self._gateway
        session = OneWaySession(
            _client_id(),
            gateway.version,
            gateway.connection_limits.ping_interval_s,
            gateway.session_limits,
        )
        try:
            query = parse_qs(scope.get("query_string", b"").decode("latin-1"), errors="strict")
        except UnicodeDecodeError:
            await refuse(scope, send, Refusal.BAD_REQUEST)
            return
        first = query.get(CONNECT_PARAMETER, [None])[0]
        if first is not None and not may_be_in_a_url(first):
            await refuse(scope, send, Refusal.BAD_REQUEST)
            return
        await send({"type": "websocket.accept"})
        await _serve(gateway, session, scope, receive, send, first)


async def _serve(
    gateway: Gateway,
    session: Session | OneWaySession,
    scope: Scope,
    receive: Receive,
    send: Send,
    first_frame: str | None = None,
) -> None:
    user = scope.get("user") or anonymous()
    connection = Connection(session, user, gateway.commands, gateway.connection_limits)
    await connection.run(receive, send, first_frame)


def _client_id() -> str:
    return secrets.token_urlsafe(16)
