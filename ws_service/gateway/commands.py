"""What a session asks for, one part for each kind of request."""

from dataclasses import dataclass, field

from ws_service.gateway.calling import Calling
from ws_service.gateway.client import Client
from ws_service.gateway.client_publishing import ClientPublishing
from ws_service.gateway.connecting import Connecting
from ws_service.gateway.reading import Reading
from ws_service.gateway.refreshing import Refreshing
from ws_service.gateway.refused import Refused
from ws_service.gateway.registry import Registry
from ws_service.gateway.subscribing import Subscribing
from ws_service.hub.hub import Hub
from ws_service.protocol.codes import ReplyError
from ws_service.protocol.effects import Ask
from ws_service.protocol.messages import (
    HistoryRequest,
    PresenceRequest,
    PresenceStatsRequest,
    PublishRequest,
    Result,
    RPCRequest,
    SendRequest,
)
from ws_service.quiet import Quiet


@dataclass(frozen=True, slots=True)
class Commands:
    """Decides, reads and writes on behalf of all connections of a process."""

    hub: Hub
    registry: Registry
    connecting: Connecting
    subscribing: Subscribing
    publishing: ClientPublishing
    reading: Reading
    calling: Calling
    refreshing: Refreshing
    quiet: Quiet = field(default_factory=Quiet)

    async def answer(self, client: Client, ask: Ask, deadline_s: float) -> Result | None:
        """What a command gets that changes nothing about the connection; None for a message.

        Raises Refused.
        """
        match ask.request:
            case PublishRequest() as request:
                return await self.publishing.publish(client, request, deadline_s)
            case RPCRequest() as request:
                return await self.calling.call(client, request, deadline_s)
            case SendRequest() as request:
                await self.calling.hear(client, request, deadline_s)
                return None
            case HistoryRequest() as request:
                return await self.reading.history(client, request, deadline_s)
            case PresenceRequest() as request:
                return await self.reading.presence(client, request, deadline_s)
            case PresenceStatsRequest() as request:
                return await self.reading.presence_stats(client, request, deadline_s)
        raise Refused(ReplyError.NOT_AVAILABLE)
