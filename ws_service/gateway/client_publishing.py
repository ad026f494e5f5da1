"""The answer to ``publish``: a client speaks to everybody who is subscribed."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from ws_service.errors import BrokerUnavailable
from ws_service.gateway.answers import encoder
from ws_service.gateway.client import Client
from ws_service.gateway.permissions import Permissions
from ws_service.gateway.refused import Refused, bad_request
from ws_service.hub.hub import Hub
from ws_service.metrics import count
from ws_service.protocol.codes import ReplyError
from ws_service.protocol.messages import PublishRequest, PublishResult
from ws_service.readable import UnreadableJSON, read_json
from ws_service.topics import Topic
from ws_service.topics.table import Match


@dataclass(frozen=True, slots=True)
class ClientPublishing:
    """Publishes on behalf of clients, with who they are. limit_bytes: of a publication."""

    permissions: Permissions
    hub: Hub
    limit_bytes: int

    async def publish(
        self, client: Client, request: PublishRequest, deadline_s: float
    ) -> PublishResult:
        """Raises Refused; nothing is published then, unless Redis did not say so in time."""
        match = self.permissions.match(request.channel)
        now_s = asyncio.get_running_loop().time()
        if not client.may_publish_now(match.topic_class, now_s):
            raise Refused(ReplyError.TOO_MANY_REQUESTS)
        topic = match.seen_by(client.user)
        await self.permissions.require(topic.can_publish, client, deadline_s)
        payload = await self._payload(client, topic, match, bytes(request.data), deadline_s)
        attachment = client.attachments.get(request.channel)
        info = client.info(attachment.chan_info if attachment else None)
        try:
            async with asyncio.timeout_at(deadline_s):
                await self.hub.publish(
                    match.name, payload, history=match.history, extra=b'"info":' + info
                )
        except (BrokerUnavailable, TimeoutError) as error:
            raise Refused(ReplyError.INTERNAL) from error
        count("ws_service_client_publications_total")
        return PublishResult()

    async def _payload(
        self, client: Client, topic: Topic, match: Match, data: bytes, deadline_s: float
    ) -> bytes:
        """What the client sent, as the topic wants it, on one line."""
        own_limit_bytes = match.topic_class.max_publication_size
        limit_bytes = min(own_limit_bytes or self.limit_bytes, self.limit_bytes)
        content, compact = _read(data)
        if len(compact) > limit_bytes:
            raise Refused(bad_request(f"{len(compact)} bytes of JSON are more than {limit_bytes}"))
        if type(topic).clean is Topic.clean:
            return compact
        clean = partial(topic.clean, content)
        bound = "WS_SERVICE['MAX_PUBLICATION_SIZE'], or the topic's own max_publication_size"
        finish = encoder(limit_bytes, bound, too_large=ReplyError.BAD_REQUEST)
        payload: bytes = await self.permissions.ask(clean, client, deadline_s, finish)
        return payload


def _read(data: bytes) -> tuple[Any, bytes]:
    """What a client has sent, and the same on one line: the client's own numbers and order.

    Raises Refused for what somebody among the subscribers could not read.
    """
    try:
        return read_json(data), msgspec.json.format(data, indent=-1)
    except UnreadableJSON as error:
        raise Refused(bad_request(str(error))) from None
