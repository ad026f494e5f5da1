"""The answer to ``subscribe``, and the server's own subscriptions."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Raw

from ws_service.broker.position import Position
from ws_service.errors import (
    BrokerUnavailable,
    ForeignToken,
    InvalidToken,
    TokenExpired,
    TooManyTopics,
    Unrecoverable,
)
from ws_service.gateway.client import Attachment, Client
from ws_service.gateway.connecting import TOKEN_ONLY, Granted, encoded_info
from ws_service.gateway.permissions import Permissions
from ws_service.gateway.refused import Disconnected, Refused
from ws_service.gateway.token_life import ttl_of
from ws_service.hub.hub import Attached, Hub
from ws_service.hub.subscription import Subscriber, Subscription
from ws_service.identity.tokens import TokenKeys
from ws_service.protocol.codes import Disconnect, ReplyError
from ws_service.protocol.messages import SubscribeRequest, SubscribeResult
from ws_service.topics.table import Match

logger = logging.getLogger(__name__)

Answer = Callable[[Attachment, SubscribeResult], None]


@dataclass(frozen=True, slots=True)
class Subscribing:
    """Decides and attaches. Every method raises Refused or Disconnected; nothing is attached then.

    answer: called in the very step in which the subscription is attached.
    """

    permissions: Permissions
    keys: TokenKeys
    hub: Hub

    async def subscribe(
        self,
        client: Client,
        subscriber: Subscriber,
        request: SubscribeRequest,
        deadline_s: float,
        answer: Answer,
    ) -> None:
        """A client asks for a topic."""
        match = self.permissions.match(request.channel)
        topic = match.seen_by(client.user)
        expires_at, chan_info = None, None
        if request.token:
            expires_at, chan_info = self.verify(client, request.channel, request.token)
        elif request.channel.startswith(TOKEN_ONLY):
            raise Refused(ReplyError.PERMISSION_DENIED)
        else:
            await self.permissions.require(topic.can_subscribe, client, deadline_s)
        if chan_info is None:
            chan_info = await self.permissions.info(topic, client, deadline_s)
        hears_members = match.topic_class.join_leave == "all"
        if match.topic_class.join_leave == "asked" and request.join_leave:
            # A wish that isn't granted is ignored: the protocol's own rule.
            hears_members = await self.permissions.allows(
                topic.can_see_presence, client, deadline_s
            )
        subscription = Subscription(request.channel, subscriber, hears_members)
        attachment = Attachment(subscription, match.topic_class.presence, chan_info, expires_at)
        await self._attach(client, match, attachment, request, deadline_s, answer)

    async def subscribe_granted(
        self,
        client: Client,
        subscriber: Subscriber,
        granted: Granted,
        request: SubscribeRequest,
        deadline_s: float,
        answer: Answer,
    ) -> None:
        """The server subscribes a client by itself. request: what it wants to recover."""
        match = granted.match
        subscription = Subscription(match.name, subscriber, match.topic_class.join_leave == "all")
        attachment = Attachment(subscription, match.topic_class.presence, granted.chan_info)
        await self._attach(client, match, attachment, request, deadline_s, answer)

    def verify(self, client: Client, channel: str, token: str) -> tuple[float | None, bytes | None]:
        """What a subscription token says: when it ends, and what others see of the client."""
        try:
            claims = self.keys.verify_subscription(
                token, channel, client.user_id, client.id, time.time()
            )
        except TokenExpired:
            raise Refused(ReplyError.TOKEN_EXPIRED) from None
        except InvalidToken:
            raise Refused(ReplyError.PERMISSION_DENIED) from None
        except ForeignToken:
            raise Disconnected(Disconnect.INVALID_TOKEN) from None
        return claims.expires_at, encoded_info(claims.info)

    def detach(self, client: Client, attachment: Attachment) -> None:
        """Let go of it, wherever it is held."""
        self.hub.unsubscribe(attachment.subscription)
        if attachment.expiry is not None:
            attachment.expiry.cancel()
        if attachment.is_present:
            self.hub.members.leave(attachment.channel, client.id)

    async def _attach(
        self,
        client: Client,
        match: Match,
        attachment: Attachment,
        request: SubscribeRequest,
        deadline_s: float,
        answer: Answer,
    ) -> None:
        has_history = match.history is not None

        def attached(at: Attached) -> None:
            result = _result(at, request, match, attachment.expires_at)
            answer(attachment, result)

        try:
            async with asyncio.timeout_at(deadline_s):
                if attachment.is_present:
                    await self.hub.members.enter(
                        match.name,
                        client.id,
                        client.info(attachment.chan_info),
                        tells=match.topic_class.join_leave != "off",
                    )
                await self.hub.subscribe(
                    attachment.subscription,
                    attached,
                    history=match.history,
                    since=Position(request.offset, request.epoch) if request.recover else None,
                    must_recover=request.recover and request.rejects_unrecovered and has_history,
                    is_cache=match.topic_class.recovery == "cache",
                )
        except BaseException as error:
            self.detach(client, attachment)
            if isinstance(error, Unrecoverable):
                raise Refused(ReplyError.UNRECOVERABLE_POSITION) from error
            if isinstance(error, BrokerUnavailable | TooManyTopics | TimeoutError):
                logger.debug("A subscription to %r failed: %s", match.name, error)
                raise Refused(ReplyError.INTERNAL) from error
            raise
        if attachment.is_present:
            # Behind the answer, so that the client sees its own arrival.
            self.hub.members.announce(match.name, client.id)


def _result(
    attached: Attached, request: SubscribeRequest, match: Match, expires_at: float | None
) -> SubscribeResult:
    """What the client is told of its subscription."""
    ttl_s = ttl_of(expires_at)
    expires, ttl = ttl_s is not None, ttl_s or 0
    if match.history is None:
        return SubscribeResult(was_recovering=request.recover, expires=expires, ttl=ttl)
    recovered = attached.recovered
    return SubscribeResult(
        recoverable=True,
        positioned=True,
        epoch=attached.position.epoch,
        # The client's own, where it was recovered: each publication that follows moves it.
        offset=attached.position.offset if recovered is None else request.offset,
        was_recovering=request.recover,
        recovered=recovered is not None,
        publications=[Raw(each.json) for each in recovered.publications] if recovered else [],
        expires=expires,
        ttl=ttl,
    )
