"""A client of the site's topics, in a test."""

import json
import secrets
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, cast

from asgiref.sync import async_to_sync
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.asyncio import async_unsafe

from ws_service.calls import load_calls
from ws_service.conf import load_config
from ws_service.gateway import refused
from ws_service.gateway.calling import Calling
from ws_service.gateway.client import Attachment, Client
from ws_service.gateway.client_publishing import ClientPublishing
from ws_service.gateway.commands import Commands
from ws_service.gateway.connecting import Connecting
from ws_service.gateway.reading import Reading
from ws_service.gateway.refreshing import Refreshing
from ws_service.gateway.registry import Registry
from ws_service.gateway.subscribing import Subscribing
from ws_service.hub.hub import Hub
from ws_service.identity.tokens import TokenKeys
from ws_service.identity.users import anonymous
from ws_service.protocol.codes import ReplyError
from ws_service.protocol.effects import Ask, Close, Detach, Effect, Write
from ws_service.protocol.messages import ConnectRequest, SubscribeRequest, SubscribeResult
from ws_service.protocol.session import Session, SessionLimits
from ws_service.publishing.client_info import ClientInfo
from ws_service.publishing.presence import PresenceStats
from ws_service.testing.hub import Mailbox, hub
from ws_service.testing.policies import permissions_of
from ws_service.topics import TopicRoute, site_topics
from ws_service.topics.table import checked_table

PATIENCE_S: Final = 86_400.0
"""No policy is too slow in a test: somebody may sit at a breakpoint."""


class Refused(Exception):
    """The service would answer this command with an error (protocol reference, 8.1)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Disconnected(Exception):
    """The service would close the connection (protocol reference, 8.2)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class Communicator:
    """A client that is connected, as far as the site's own code is concerned.

    user: who it is; None for an anonymous visitor.
    token: a connection token, which names somebody else.
    topics: the ``topics`` to know; None for those of ``WS_SERVICE["ROUTING"]``.

    It speaks the client protocol to the service's own code, without a socket, a hub or Redis.
    Policies, ``clean``, ``info`` and methods run in the thread of the test and see its
    transaction; what they raise fails the test. It is subscribed at once to what ``at_connect``
    says. Every method raises Refused where a client would get an error, and Disconnected where
    its connection would end. In an ``async def`` test, call it by ``sync_to_async``.
    """

    def __init__(
        self, user: Any = None, *, token: str = "", topics: Sequence[TopicRoute] | None = None
    ) -> None:
        config = load_config()
        self.client = Client(secrets.token_hex(8), anonymous() if user is None else user)
        self.mailbox = Mailbox()
        self._session = Session(
            self.client.id,
            "testing",
            25,
            SessionLimits(config.command_limit_bytes, config.subscription_limit),
        )
        table = site_topics() if topics is None else checked_table(list(topics), "topics")
        permissions, keys = permissions_of(table), TokenKeys.from_config(config)
        without_redis = cast("Hub", hub)
        self._commands = Commands(
            without_redis,
            Registry(),
            Connecting(permissions, keys, config.subscription_limit),
            Subscribing(permissions, keys, without_redis),
            ClientPublishing(permissions, without_redis, config.publication_limit_bytes),
            Reading(permissions, without_redis, config.send_buffer_limit_bytes),
            Calling(permissions, load_calls(config.routing), config.send_buffer_limit_bytes),
            Refreshing(keys),
        )
        self._last_id = 0
        hub.add(self)
        self._ask("connect", {"token": token} if token else {})

    @property
    def id(self) -> str:
        """Of the connection, as others see it in presence."""
        return self.client.id

    @property
    def subscriptions(self) -> frozenset[str]:
        """The topics to which it is subscribed, without asking or because it asked."""
        return self._session.subscriptions

    def subscribe(self, topic: str, *, token: str = "") -> dict[str, Any]:
        """Subscribe; gives what the client is told. token: a subscription token."""
        result: dict[str, Any] = self._ask("subscribe", {"channel": topic, "token": token})
        return result

    def unsubscribe(self, topic: str) -> None:
        """Harmless where it isn't subscribed."""
        self._ask("unsubscribe", {"channel": topic})

    def publish(self, topic: str, data: Any) -> None:
        """Publish as a client; ``capture_publications()`` gets it."""
        self._ask("publish", {"channel": topic, "data": data})

    def presence(self, topic: str) -> dict[str, ClientInfo]:
        """Which communicators are subscribed, by their ids."""
        found = self._ask("presence", {"channel": topic})["presence"]
        return {client: ClientInfo(**info) for client, info in found.items()}

    def presence_stats(self, topic: str) -> PresenceStats:
        """How many."""
        return PresenceStats(**self._ask("presence_stats", {"channel": topic}))

    def history(self, topic: str, *, limit: int = -1, reverse: bool = False) -> list[Any]:
        """The data of what was captured, as far as the topic keeps it."""
        request = {"channel": topic, "limit": limit, "reverse": reverse}
        return [each["data"] for each in self._ask("history", request)["publications"]]

    def rpc(self, method: str, **parameters: Any) -> Any:
        """Call one of the site's methods."""
        return self._ask("rpc", {"method": method, "data": parameters}).get("data")

    def received(self, topic: str) -> list[Any]:
        """The data of the publications that have come, since it subscribed."""
        return self.mailbox.data_of(topic)

    @async_unsafe("In an asynchronous test, call a Communicator by sync_to_async.")
    def _ask(self, command: str, request: dict[str, Any]) -> Any:
        self._last_id += 1
        frame = json.dumps({"id": self._last_id, command: request}, cls=DjangoJSONEncoder)
        reply = async_to_sync(self._converse)(frame)
        if "error" in reply:
            raise Refused(reply["error"]["code"], reply["error"]["message"])
        return reply[command]

    async def _converse(self, frame: str) -> Any:
        """The reply to a frame with one command."""
        effects, reply = deque(self._session.receive(frame, time.monotonic())), None
        while effects:
            match effects.popleft():
                case Write(lines):
                    reply = json.loads(lines.text)
                case Ask() as ask:
                    effects += await self._answer(ask)
                case Detach(channel):
                    self._detach(channel)
                case Close(end):
                    raise Disconnected(end.code, end.reason)
        return reply

    async def _answer(self, ask: Ask) -> list[Effect]:
        try:
            return await self._carry_out(ask)
        except refused.Refused as error:
            return self._session.failed(ask.command_id, error.entry)
        except refused.Disconnected as error:
            return self._session.disconnect(error.disconnect)
        except BaseException:
            # It fails the test; who expects that may go on with this communicator.
            self._session.failed(ask.command_id, ReplyError.INTERNAL)
            raise

    async def _carry_out(self, ask: Ask) -> list[Effect]:
        results: dict[str, SubscribeResult] = {}

        def attached(attachment: Attachment, result: SubscribeResult) -> None:
            self.client.attachments[attachment.channel] = attachment
            results[attachment.channel] = result

        commands, client, deadline_s = self._commands, self.client, ask.arrived_s + PATIENCE_S
        match ask.request:
            case ConnectRequest() as request:
                identify = commands.connecting.identify
                for each in await identify(client, request, deadline_s, self._rename):
                    await commands.subscribing.subscribe_granted(
                        client, self.mailbox, each, SubscribeRequest(), deadline_s, attached
                    )
                return self._session.connected(ask.command_id, results)
            case SubscribeRequest() as request:
                await commands.subscribing.subscribe(
                    client, self.mailbox, request, deadline_s, attached
                )
                return self._session.answered(ask.command_id, results[request.channel])
        result = await commands.answer(client, ask, deadline_s)
        return self._session.answered(ask.command_id, result)

    def _rename(self, user_id: str) -> None:
        self.client.user_id = user_id

    def _detach(self, channel: str) -> None:
        attachment = self.client.attachments.pop(channel, None)
        if attachment is not None:
            self._commands.subscribing.detach(self.client, attachment)
