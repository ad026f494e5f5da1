"""The answer to ``publish``: a client speaks to everybody who is subscribed."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec
from django.core.exceptions import ValidationError

from ws_service.errors import BrokerUnavailable, InvalidPayload
from ws_service.gateway.client import Client
from ws_service.gateway.permissions import Permissions
from ws_service.gateway.refused import Refused, bad_request
from ws_service.hub.hub import Hub
from ws_service.metrics import count
from ws_service.nesting import is_shallow
from ws_service.protocol.codes import ReplyError
from ws_service.protocol.messages import PublishRequest, PublishResult
from ws_service.publishing.payload import encode_payload
from ws_service.topics import Topic
from ws_service.topics.table import Match

NESTING_LIMIT: Final = 100
"""Of what clients publish: JSON libraries give up at some hundred levels, whoever sent them."""


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
        compact = _compact(data)
        if len(compact) > limit_bytes:
            raise Refused(ReplyError.BAD_REQUEST)
        if type(topic).clean is Topic.clean:
            return compact
        clean = partial(topic.clean, _decoded(compact))
        finish = partial(encode_payload, limit_bytes=limit_bytes)
        passes = (ValidationError, InvalidPayload)
        try:
            payload: bytes = await self.permissions.ask(clean, client, deadline_s, finish, passes)
        except ValidationError as error:
            raise Refused(bad_request("; ".join(error.messages))) from None
        except InvalidPayload:
            raise Refused(ReplyError.BAD_REQUEST) from None
        return payload


def _compact(data: bytes) -> bytes:
    """JSON on one line, from JSON of any shape. Raises Refused."""
    try:
        data.decode()  # the parser leaves it to whoever uses a text
        compact = msgspec.json.format(data, indent=-1)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Refused(ReplyError.BAD_REQUEST) from None
    # The count alone tells of nearly all data that it can't be nested deeper.
    if compact.count(b"[") + compact.count(b"{") > NESTING_LIMIT:
        _decoded(compact)
    return compact


def _decoded(compact: bytes) -> Any:
    """Raises Refused for what somebody among the subscribers could not read."""
    try:
        data = msgspec.json.decode(compact)
    except (msgspec.MsgspecError, RecursionError):
        raise Refused(ReplyError.BAD_REQUEST) from None
    if not is_shallow(data, NESTING_LIMIT):
        raise Refused(ReplyError.BAD_REQUEST)
    return data
