"""What a session asks for and can't answer itself: may this user, and what is there to read."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec import Raw

from ws_service.broker.position import Position
from ws_service.errors import (
    BrokerUnavailable,
    InvalidTopicName,
    TooManyTopics,
    UnknownTopic,
    Unrecoverable,
)
from ws_service.gateway.policy import TIME_LIMIT_S, Policies, PolicyFailed
from ws_service.hub.hub import Attached, Hub
from ws_service.hub.recovery import RECOVERY_LIMIT
from ws_service.hub.subscription import Subscription
from ws_service.metrics import count
from ws_service.protocol.codes import ReplyError
from ws_service.protocol.messages import (
    HistoryRequest,
    HistoryResult,
    SubscribeRequest,
    SubscribeResult,
)
from ws_service.quiet import Quiet
from ws_service.topics import TopicTable
from ws_service.topics.table import Match

logger = logging.getLogger(__name__)

ANY_EPOCH: Final = ""


class Refused(Exception):
    """A command gets an error instead of a result."""

    def __init__(self, error: ReplyError) -> None:
        super().__init__(error.value.message)
        self.error = error


@dataclass(frozen=True, slots=True)
class Commands:
    """Decides and reads on behalf of all connections of a process."""

    topics: TopicTable
    policies: Policies
    hub: Hub
    quiet: Quiet = field(default_factory=Quiet)

    async def subscribe(
        self,
        user: Any,
        request: SubscribeRequest,
        arrived_s: float,
        subscription: Subscription,
        answer: Callable[[SubscribeResult], None],
    ) -> None:
        """Ask the policy, then attach.

        answer: called in the very step in which the subscription is attached.

        Raises Refused; nothing is attached then.
        """
        match = self._match(request.channel)
        deadline_s = arrived_s + TIME_LIMIT_S
        await self._require(match, user, deadline_s, subscription.subscriber)
        has_history = match.history is not None
        try:
            async with asyncio.timeout_at(deadline_s):
                await self.hub.subscribe(
                    subscription,
                    lambda attached: answer(_result(attached, request, has_history)),
                    has_history=has_history,
                    since=Position(request.offset, request.epoch) if request.recover else None,
                    must_recover=request.recover and request.rejects_unrecovered and has_history,
                )
        except Unrecoverable as error:
            raise Refused(ReplyError.UNRECOVERABLE_POSITION) from error
        except (BrokerUnavailable, TooManyTopics, TimeoutError) as error:
            logger.debug("A subscription to %r failed: %s", request.channel, error)
            raise Refused(ReplyError.INTERNAL) from error

    async def read_history(
        self,
        user: Any,
        request: HistoryRequest,
        arrived_s: float,
        connection: object,
        *,
        is_subscribed: bool,
    ) -> HistoryResult:
        """Who may subscribe may read history. Raises Refused."""
        match = self._match(request.channel)
        deadline_s = arrived_s + TIME_LIMIT_S
        if not is_subscribed:
            await self._require(match, user, deadline_s, connection)
        if match.history is None:
            raise Refused(ReplyError.NOT_AVAILABLE)
        limit = RECOVERY_LIMIT if request.limit < 0 else request.limit
        after = request.since.offset if request.since else 0
        try:
            async with asyncio.timeout_at(deadline_s):
                top, publications = await self.hub.history(
                    request.channel, after=after, limit=limit, reverse=request.reverse
                )
        except (BrokerUnavailable, TimeoutError) as error:
            raise Refused(ReplyError.INTERNAL) from error
        if request.since and request.since.epoch not in (ANY_EPOCH, top.epoch):
            raise Refused(ReplyError.UNRECOVERABLE_POSITION)
        return HistoryResult([Raw(each.json) for each in publications], top.epoch, top.offset)

    def _match(self, name: str) -> Match:
        try:
            return self.topics.match(name)
        except UnknownTopic as error:
            count("ws_service_unknown_topics_total")
            now_s = asyncio.get_running_loop().time()
            if self.quiet.may_say("unknown topic", now_s):
                logger.warning("A client asked for a topic: %s", error)
            raise Refused(ReplyError.UNKNOWN_CHANNEL) from None
        except InvalidTopicName:
            raise Refused(ReplyError.BAD_REQUEST) from None

    async def _require(
        self, match: Match, user: Any, deadline_s: float, connection: object
    ) -> None:
        policy = match.seen_by(user).can_subscribe
        try:
            allowed = await self.policies.allows(policy, deadline_s, connection)
        except PolicyFailed:
            raise Refused(ReplyError.INTERNAL) from None
        if not allowed:
            raise Refused(ReplyError.PERMISSION_DENIED)


def _result(attached: Attached, request: SubscribeRequest, has_history: bool) -> SubscribeResult:
    """What the client is told of its subscription."""
    if not has_history:
        return SubscribeResult(was_recovering=request.recover)
    if attached.recovered is None:
        # From the top on; a client that was recovering has a gap.
        return SubscribeResult(
            recoverable=True,
            positioned=True,
            epoch=attached.position.epoch,
            offset=attached.position.offset,
            was_recovering=request.recover,
        )
    return SubscribeResult(
        recoverable=True,
        positioned=True,
        epoch=attached.position.epoch,
        # The client's own: each publication that follows moves it.
        offset=request.offset,
        was_recovering=True,
        recovered=True,
        publications=[Raw(each.json) for each in attached.recovered.publications],
    )
