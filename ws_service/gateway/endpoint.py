"""The ASGI application at ``/connection/websocket``."""

import asyncio
import logging
import secrets
from typing import Final

from django.contrib.auth.models import AnonymousUser

from ws_service.asgi_types import Receive, Scope, Send
from ws_service.broker.connection import database_of
from ws_service.broker.keys import Keys
from ws_service.conf import ServiceConfig
from ws_service.database_threads import DatabaseThreads
from ws_service.errors import BrokerNotConfigured
from ws_service.gateway.commands import Commands
from ws_service.gateway.connection import Connection, ConnectionLimits
from ws_service.gateway.live_groups import live_groups
from ws_service.gateway.policy import Policies
from ws_service.hub.hub import Hub
from ws_service.protocol.codes import Disconnect
from ws_service.protocol.session import Session, SessionLimits
from ws_service.quiet import Quiet
from ws_service.topics import TopicTable

logger = logging.getLogger(__name__)

JSON: Final = "centrifuge-json"
PROTOBUF: Final = "centrifuge-protobuf"
"""What client libraries offer as subprotocols; those for JSON mostly offer none."""

_ENVELOPE_BYTES: Final = 1_024


class PushEndpoint:
    """Accepts clients of topics. One hub for each event loop, made when the first one comes.

    version: what clients are told about this server.
    Raises BrokerNotConfigured when the settings name no Redis.
    """

    def __init__(
        self, config: ServiceConfig, topics: TopicTable, threads: DatabaseThreads, version: str
    ) -> None:
        if config.redis_url is None:
            raise BrokerNotConfigured
        self._version = version
        self._quiet = Quiet()
        self._redis_url = config.redis_url
        self._keys = Keys(config.key_prefix, database_of(config.redis_url))
        self._topics = topics
        self._live_groups = live_groups(config, topics)
        self._policies = Policies(threads)
        self._session_limits = SessionLimits(config.command_limit_bytes, config.subscription_limit)
        self._limits = ConnectionLimits(
            max(1, round(config.ping_interval_s)), config.send_buffer_limit_bytes
        )
        # A recovery is one message, in a buffer that has other things to hold as well.
        self._recovery_limit_bytes = config.send_buffer_limit_bytes // 2 - _ENVELOPE_BYTES
        self._commands: dict[asyncio.AbstractEventLoop, Commands] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        offered = scope.get("subprotocols", ())
        if PROTOBUF in offered:
            await self._refuse_protobuf(send)
            return
        await send({"type": "websocket.accept", "subprotocol": JSON if JSON in offered else None})
        commands = self._commands_of_loop()
        session = Session(
            secrets.token_urlsafe(16),
            self._version,
            self._limits.ping_interval_s,
            self._session_limits,
        )
        user = scope.get("user") or AnonymousUser()
        connection = Connection(session, user, commands, commands.hub.wheel, self._limits)
        await connection.run(receive, send)

    async def close(self) -> None:
        """Let go of Redis, where a server tells that it ends."""
        commands = self._commands.pop(asyncio.get_running_loop(), None)
        if commands is not None:
            await commands.hub.close()

    async def _refuse_protobuf(self, send: Send) -> None:
        """Tell a client for good that only JSON is spoken: a refused handshake it would repeat."""
        if self._quiet.may_say("protobuf", asyncio.get_running_loop().time()):
            logger.warning("A client library wants Protobuf; only JSON is spoken here")
        await send({"type": "websocket.accept", "subprotocol": PROTOBUF})
        end = Disconnect.INAPPROPRIATE_PROTOCOL.value
        await send({"type": "websocket.close", "code": end.code, "reason": end.reason})

    async def round_trip(self) -> None:
        """Publish to ourselves and hear it, for the readiness probe.

        Raises BrokerUnavailable, TimeoutError.
        """
        await self._commands_of_loop().hub.echo()

    def _commands_of_loop(self) -> Commands:
        loop = asyncio.get_running_loop()
        if loop not in self._commands:
            for closed in [other for other in self._commands if other.is_closed()]:
                del self._commands[closed]
            hub = Hub(self._redis_url, self._keys, self._recovery_limit_bytes, self._live_groups)
            hub.start()
            self._commands[loop] = Commands(self._topics, self._policies, hub)
        return self._commands[loop]
