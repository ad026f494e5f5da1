"""What all connections of a process share: the hub, the site's topics, permissions and calls."""

import asyncio
import socket
import time
from typing import Final

import msgspec

from ws_service.broker.keys import Keys
from ws_service.calls import CallTable
from ws_service.conf import ServiceConfig
from ws_service.database_threads import DatabaseThreads
from ws_service.errors import BrokerNotConfigured
from ws_service.gateway.calling import Calling
from ws_service.gateway.client_publishing import ClientPublishing
from ws_service.gateway.commands import Commands
from ws_service.gateway.connecting import Connecting
from ws_service.gateway.connection import ConnectionLimits
from ws_service.gateway.live_groups import live_groups
from ws_service.gateway.permissions import Permissions
from ws_service.gateway.policy import Policies
from ws_service.gateway.reading import Reading
from ws_service.gateway.refreshing import Refreshing
from ws_service.gateway.registry import Registry
from ws_service.gateway.subscribing import Subscribing
from ws_service.hub.hub import Hub
from ws_service.identity.tokens import TokenKeys
from ws_service.node import node_id
from ws_service.protocol.session import SessionLimits
from ws_service.redis_url import RedisUrl
from ws_service.topics import TopicTable
from ws_service.topics.compiled import compiled

_ENVELOPE_BYTES: Final = 1_024


class Gateway:
    """One hub for each event loop, made when it is first needed.

    version: what clients are told about this server.
    Raises BrokerNotConfigured when the settings name no Redis.
    """

    def __init__(
        self,
        config: ServiceConfig,
        topics: TopicTable,
        calls: CallTable,
        threads: DatabaseThreads,
        version: str,
    ) -> None:
        if config.redis_url is None:
            raise BrokerNotConfigured(config.why_no_redis)
        self.version = version
        self.session_limits = SessionLimits(config.command_limit_bytes, config.subscription_limit)
        self.connection_limits = ConnectionLimits(
            max(1, round(config.ping_interval_s)), config.send_buffer_limit_bytes
        )
        self._config = config
        self._redis_url = config.redis_url
        self._keys = Keys(config.key_prefix, RedisUrl.parse(config.redis_url).database)
        self._token_keys = TokenKeys.from_config(config)
        self._calls = calls
        self._permissions = Permissions(topics, Policies(threads))
        self._topic_table = compiled(topics)
        self._live_groups = live_groups(config, topics)
        # A recovery is one message, in a buffer that has other things to hold as well.
        self._message_limit_bytes = config.send_buffer_limit_bytes // 2 - _ENVELOPE_BYTES
        self._started_s = time.monotonic()
        self._commands: dict[asyncio.AbstractEventLoop, Commands] = {}

    @property
    def commands(self) -> Commands:
        """Those of the running loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._commands:
            for closed in [other for other in self._commands if other.is_closed()]:
                del self._commands[closed]
            self._commands[loop] = self._make()
        return self._commands[loop]

    async def close(self) -> None:
        """Let go of Redis, where a server tells that it ends."""
        commands = self._commands.pop(asyncio.get_running_loop(), None)
        if commands is not None:
            await commands.hub.close()

    async def round_trip(self) -> None:
        """Publish to ourselves and hear it, for the readiness probe.

        Raises BrokerUnavailable, TimeoutError.
        """
        await self.commands.hub.echo()

    def _make(self) -> Commands:
        config, permissions = self._config, self._permissions
        registry = Registry()
        hub = Hub(
            self._redis_url,
            self._keys,
            self._message_limit_bytes,
            self._live_groups,
            lease_s=config.presence_lease_s,
            node_info=lambda: self._node_info(registry, hub),
            on_control=registry.obey,
            topic_table=self._topic_table,
        )
        hub.start()
        return Commands(
            hub,
            registry,
            Connecting(permissions, self._token_keys, config.subscription_limit),
            Subscribing(permissions, self._token_keys, hub),
            ClientPublishing(permissions, hub, config.publication_limit_bytes),
            Reading(permissions, hub, self._message_limit_bytes),
            Calling(permissions, self._calls, self._message_limit_bytes),
            Refreshing(self._token_keys),
        )

    def _node_info(self, registry: Registry, hub: Hub) -> bytes:
        """What the HTTP API tells of this process (protocol reference, section 12)."""
        return msgspec.json.encode(
            {
                "uid": node_id(),
                "name": socket.gethostname(),
                "version": self.version,
                "num_clients": registry.clients,
                "num_users": registry.users,
                "num_subs": registry.subscriptions,
                "num_channels": hub.topics_in_use,
                "uptime": int(time.monotonic() - self._started_s),
            }
        )
