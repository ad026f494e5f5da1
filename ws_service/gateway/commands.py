"""What a session asks for and can't answer itself: may this user, and what is there to read."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec import Raw

from ws_service.broker.position import Position
from ws_service.errors import BrokerUnavailable, InvalidTopicName, TooManyTopics, UnknownTopic
from ws_service.gateway.policy import TIME_LIMIT_S, Policies, PolicyFailed
from ws_service.hub.hub import Hub
from ws_service.hub.recovery import RECOVERY_LIMIT
from ws_service.hub.subscription import Subscription
from ws_service.metrics import count
from ws_service.protocol.codes import ReplyError
from ws_service.protocol.effects import AskToSubscribe, ReadHistory
from ws_service.protocol.messages import HistoryResult, SubscribeRequest, SubscribeResult
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
        self, user: Any, ask: AskToSubscribe, subscription: Subscription
    ) -> SubscribeResult:
        """Ask the policy, then attach. It is attached when this returns: answer at once.

        Raises Refused; nothing is attached then.
        """
        match = self._match(ask.request.channel)
        deadline_s = ask.arrived_s + TIME_LIMIT_S
        await self._require(match, user, deadline_s, subscription.subscriber)
        request = ask.request
        has_history = match.history is not None
        since = Position(request.offset, request.epoch) if request.recover else None
        try:
            async with asyncio.timeout_at(deadline_s):
                attached = await self.hub.subscribe(
                    subscription, has_history=has_history, since=since
                )
        except (BrokerUnavailable, TooManyTopics, TimeoutError) as error:
            logger.debug("A subscription to %r failed: %s", request.channel, error)
            raise Refused(ReplyError.INTERNAL) from error
        if not has_history:
            return SubscribeResult(was_recovering=request.recover)
        if attached.recovered is None:
            if request.recover and request.rejects_unrecovered:
                self.hub.unsubscribe(subscription)
                raise Refused(ReplyError.UNRECOVERABLE_POSITION)
            return _from_now(attached.position, request)
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

    async def read_history(
        self, user: Any, ask: ReadHistory, connection: object, *, is_subscribed: bool
    ) -> HistoryResult:
        """Who may subscribe may read history. Raises Refused."""
        request = ask.request
        match = self._match(request.channel)
        deadline_s = ask.arrived_s + TIME_LIMIT_S
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
                logger.info("A client asked for a topic: %s", error)
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


def _from_now(position: Position, request: SubscribeRequest) -> SubscribeResult:
    """A subscription that begins at the top; a client that was recovering has a gap."""
    return SubscribeResult(
        recoverable=True,
        positioned=True,
        epoch=position.epoch,
        offset=position.offset,
        was_recovering=request.recover,
    )
