"""The answers to ``history``, ``presence`` and ``presence_stats``."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from msgspec import Raw

from ws_service.broker.position import Position
from ws_service.errors import BrokerUnavailable, TooManyPresent
from ws_service.gateway.client import Client
from ws_service.gateway.permissions import Permissions
from ws_service.gateway.refused import Refused
from ws_service.hub.hub import Hub
from ws_service.hub.recovery import RECOVERY_LIMIT
from ws_service.protocol.codes import ReplyError
from ws_service.protocol.messages import (
    HistoryRequest,
    HistoryResult,
    PresenceRequest,
    PresenceResult,
    PresenceStatsRequest,
    PresenceStatsResult,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads on behalf of clients. Every method raises Refused.

    limit_bytes: of a presence reply: it stands in a send buffer beside all else.
    """

    permissions: Permissions
    hub: Hub
    limit_bytes: int

    async def history(
        self, client: Client, request: HistoryRequest, deadline_s: float
    ) -> HistoryResult:
        """Where the topic stands, and what it keeps."""
        match = self.permissions.match(request.channel)
        if match.history is None:
            raise Refused(ReplyError.NOT_AVAILABLE)
        policy = match.seen_by(client.user).can_see_history
        await self.permissions.require(policy, client, deadline_s)
        limit = RECOVERY_LIMIT if request.limit < 0 else request.limit
        after = request.since.offset if request.since else 0
        async with _in_time(deadline_s):
            lineage, publications = await self.hub.history(
                request.channel, after=after, limit=limit, reverse=request.reverse
            )
        since, top = request.since, lineage.top
        is_other = since is not None and since.epoch not in ("", top.epoch)
        if since and is_other and not lineage.covers(Position(since.offset, since.epoch)):
            raise Refused(ReplyError.UNRECOVERABLE_POSITION)
        return HistoryResult([Raw(each.json) for each in publications], top.epoch, top.offset)

    async def presence(
        self, client: Client, request: PresenceRequest, deadline_s: float
    ) -> PresenceResult:
        """Who is subscribed."""
        await self._require_presence(client, request.channel, deadline_s)
        async with _in_time(deadline_s):
            present = await self.hub.members.present(request.channel, self.limit_bytes)
        return PresenceResult({each: Raw(info) for each, info in present.items()})

    async def presence_stats(
        self, client: Client, request: PresenceStatsRequest, deadline_s: float
    ) -> PresenceStatsResult:
        """How many are subscribed."""
        await self._require_presence(client, request.channel, deadline_s)
        async with _in_time(deadline_s):
            return PresenceStatsResult(*await self.hub.members.stats(request.channel))

    async def _require_presence(self, client: Client, channel: str, deadline_s: float) -> None:
        match = self.permissions.match(channel)
        if not match.topic_class.presence:
            raise Refused(ReplyError.NOT_AVAILABLE)
        policy = match.seen_by(client.user).can_see_presence
        await self.permissions.require(policy, client, deadline_s)


@asynccontextmanager
async def _in_time(deadline_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout_at(deadline_s):
            yield
    except TooManyPresent as error:
        raise Refused(ReplyError.LIMIT_EXCEEDED) from error
    except (BrokerUnavailable, TimeoutError) as error:
        raise Refused(ReplyError.INTERNAL) from error
