"""The answer to ``connect``: who it is, and what the server subscribes them to."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import msgspec

from ws_service.cancellation import all_of
from ws_service.errors import (
    InvalidToken,
    InvalidTopicName,
    TokenExpired,
    UnknownUser,
    WrongTopicParameters,
)
from ws_service.gateway.client import Client
from ws_service.gateway.permissions import Permissions
from ws_service.gateway.refused import Disconnected, Refused, bad_request
from ws_service.identity.tokens import ServerSubscription, TokenKeys
from ws_service.identity.users import user_of_claims
from ws_service.protocol.codes import Disconnect, ReplyError
from ws_service.protocol.messages import ConnectRequest
from ws_service.topics import TopicRoute
from ws_service.topics.table import Match

logger = logging.getLogger(__name__)

TOKEN_ONLY: Final = "$"  # noqa: S105 - no password
"""Topics whose names begin so are subscribed to with a token only."""

UNNAMEABLE: Final = "one of this user's topics has a name that can't be"


@dataclass(frozen=True, slots=True)
class Granted:
    """A topic to which the server subscribes a client by itself.

    chan_info: JSON that others see of the client there, None for nothing.
    """

    match: Match
    chan_info: bytes | None = None


@dataclass(frozen=True, slots=True)
class Connecting:
    """Identifies clients, and finds what they are subscribed to without asking."""

    permissions: Permissions
    keys: TokenKeys
    subscription_limit: int
    routes: tuple[TopicRoute, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "routes", tuple(self.permissions.topics.connecting_routes))

    def is_simple(self, request: ConnectRequest) -> bool:
        """Whether the answer needs nobody else: no token, and no topics without asking."""
        return not request.token and not self.routes

    async def identify(
        self,
        client: Client,
        request: ConnectRequest,
        deadline_s: float,
        rename: Callable[[str], None],
    ) -> list[Granted]:
        """Make the client who its token says, and find its topics.

        rename: called with the user's id as soon as it is known, before anything is asked that an
            order of the site could make untrue. Raises Refused, Disconnected.
        """
        channels: Mapping[str, ServerSubscription] = {}
        if request.token:
            channels = await self._verify(client, request.token, deadline_s, rename)
        granted = {name: self._by_token(name, given) for name, given in channels.items()}
        for route in self.routes:
            for name in await self._at_connect(route, client, deadline_s):
                granted.setdefault(name, Granted(self.permissions.match(name)))
        if len(granted) > self.subscription_limit:
            self._complain(
                "User %r would get %d topics at connect, WS_SERVICE['MAX_SUBSCRIPTIONS'] is %d",
                client.user_id,
                len(granted),
                self.subscription_limit,
            )
            raise Disconnected(Disconnect.CHANNEL_LIMIT)
        return await self._informed(client, list(granted.values()), deadline_s)

    async def wished(
        self,
        client: Client,
        request: ConnectRequest,
        granted: Collection[Granted],
        deadline_s: float,
    ) -> list[Granted]:
        """What a client that only listens asks for, as far as it may; the rest is ignored.

        granted: what it has already. Raises Refused, Disconnected.
        """
        known = {each.match.name for each in granted}
        names = [name for name in request.subs if name not in known]
        if len(known) + len(names) > self.subscription_limit:
            raise Disconnected(Disconnect.CHANNEL_LIMIT)
        found: list[Granted] = []
        for name in names:
            try:
                match = self.permissions.match(name)
            except Refused:
                raise Disconnected(Disconnect.BAD_REQUEST) from None
            if not name.startswith(TOKEN_ONLY) and await self._may(match, client, deadline_s):
                found.append(Granted(match))
        return await self._informed(client, found, deadline_s)

    async def _may(self, match: Match, client: Client, deadline_s: float) -> bool:
        """Raises Refused for what may be otherwise the next time."""
        policy = match.seen_by(client.user).can_subscribe
        try:
            return await self.permissions.allows(policy, client, deadline_s)
        except Refused as refused:
            if refused.entry.is_temporary:
                raise
            return False

    async def _informed(
        self, client: Client, granted: list[Granted], deadline_s: float
    ) -> list[Granted]:
        """With what others see of the client; asked now, because nothing that may be slow should
        stand between the first attachment and the answer.
        """

        async def inform(each: Granted) -> Granted:
            if each.chan_info is not None:
                return each
            topic = each.match.seen_by(client.user)
            return Granted(each.match, await self.permissions.info(topic, client, deadline_s))

        return await all_of(map(inform, granted))

    async def _verify(
        self, client: Client, token: str, deadline_s: float, rename: Callable[[str], None]
    ) -> Mapping[str, ServerSubscription]:
        try:
            claims = self.keys.verify_connection(token, time.time())
            rename(claims.user)
            find = partial(user_of_claims, claims.user)
            client.user = await self.permissions.ask(
                find, client, deadline_s, finish=_itself, passes=(UnknownUser,)
            )
        except TokenExpired:
            raise Refused(ReplyError.TOKEN_EXPIRED) from None
        except (InvalidToken, UnknownUser):
            raise Disconnected(Disconnect.INVALID_TOKEN) from None
        client.expires_at = claims.expires_at
        client.conn_info = encoded_info(claims.info)
        client.token_channels = claims.channels.keys()
        return claims.channels

    def _by_token(self, name: str, given: ServerSubscription) -> Granted:
        return Granted(self.permissions.match(name), encoded_info(given.info))

    async def _at_connect(self, route: TopicRoute, client: Client, deadline_s: float) -> list[str]:
        topics = self.permissions.topics

        def names_of(parameters: Iterable[Mapping[str, Any]]) -> list[str]:
            return [topics.name_of(route, each) for each in parameters]

        find = partial(route.topic_class.at_connect, client.user)
        try:
            names: list[str] = await self.permissions.ask(
                find, client, deadline_s, names_of, passes=(InvalidTopicName,)
            )
        except WrongTopicParameters as error:
            # Code that is mended takes all its clients back; for good, they would need a new page.
            self._complain("%s.at_connect(): %s", route.topic_class.__name__, error)
            raise Refused(ReplyError.INTERNAL) from error
        except InvalidTopicName as error:
            self._complain(
                f"{route.topic_class.__name__}.at_connect() names a topic that can't be, for user"
                " %r, who can't connect: %s",
                client.user_id,
                error,
            )
            raise Refused(bad_request(UNNAMEABLE)) from error
        return names

    def _complain(self, text: str, *arguments: object) -> None:
        """A mistake of the site's that turns clients away: once a minute for each text."""
        now_s = asyncio.get_running_loop().time()
        if self.permissions.quiet.may_say(text, now_s):
            logger.error(text, *arguments)


def encoded_info(info: Any) -> bytes | None:
    """The JSON of a token's ``info``; None for none."""
    return None if info is None else msgspec.json.encode(info)


def _itself(user: Any) -> Any:
    return user
