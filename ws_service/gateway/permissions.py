"""May this user? Finds a topic's class and asks it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import Http404

from ws_service.errors import InvalidTopicName, UnknownTopic
from ws_service.gateway.answers import SAID, Unsendable, answer_to, encoder
from ws_service.gateway.client import Client
from ws_service.gateway.policy import Policies, PolicyFailed, name_of
from ws_service.gateway.refused import Refused
from ws_service.metrics import count
from ws_service.protocol.codes import ReplyError
from ws_service.quiet import Quiet
from ws_service.topics import Topic, TopicTable
from ws_service.topics.table import Match

logger = logging.getLogger(__name__)

INFO_LIMIT_BYTES: Final = 1_024
"""It stands in every publication of the client, and once for each client in presence."""

_encode_info: Final = encoder(INFO_LIMIT_BYTES, "the limit of what info() may say")


@dataclass(frozen=True, slots=True)
class Permissions:
    """Asks on behalf of all clients of a process. Every method raises Refused.

    deadline_s: on the event loop's clock.
    """

    topics: TopicTable
    policies: Policies
    quiet: Quiet = field(default_factory=Quiet)

    def match(self, name: str) -> Match:
        """The topic of this name: 102 for one that no pattern knows, 107 for no name at all."""
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

    async def require(self, policy: Callable[[], Any], client: Client, deadline_s: float) -> None:
        """103 where the policy says no, 100 where it says nothing."""
        if not await self.allows(policy, client, deadline_s):
            raise Refused(ReplyError.PERMISSION_DENIED)

    async def allows(self, policy: Callable[[], Any], client: Client, deadline_s: float) -> bool:
        """What the policy says; by Django's own exceptions too."""
        try:
            return bool(
                await self.ask(policy, client, deadline_s, bool, (PermissionDenied, Http404))
            )
        except (PermissionDenied, Http404):
            return False

    async def ask(
        self,
        function: Callable[[], Any],
        client: Client,
        deadline_s: float,
        finish: Callable[[Any], Any],
        passes: tuple[type[Exception], ...] = (),
    ) -> Any:
        """Whatever the site's function answers; see ``Policies.ask``.

        Raises what passes, and Refused: as ``answers`` has it for what the function says by
        raising or can't be sent, temporary for all else.
        """
        expected = (*passes, *SAID, Unsendable)
        try:
            return await self.policies.ask(function, deadline_s, client, finish, expected)
        except PolicyFailed:
            raise Refused(ReplyError.INTERNAL) from None
        except passes:
            raise
        except SAID as error:
            raise Refused(answer_to(error)) from error
        except Unsendable as error:
            self._tell_of_unsendable(function, error)
            raise Refused(error.entry) from None

    async def info(self, topic: Topic, client: Client, deadline_s: float) -> bytes | None:
        """What others see of the client in this topic."""
        if type(topic).info is Topic.info:
            return None
        return await self.ask(topic.info, client, deadline_s, _encoded)  # type: ignore[no-any-return]

    def _tell_of_unsendable(self, function: Callable[[], Any], error: Unsendable) -> None:
        if error.entry.code == ReplyError.BAD_REQUEST.value.code:
            return  # it is the client's
        count("ws_service_policy_failures_total")
        name = name_of(function)
        if self.quiet.may_say((name, error.entry.code), asyncio.get_running_loop().time()):
            logger.error("%s %s; clients don't try again", name, error)


def _encoded(info: Any) -> bytes | None:
    return None if info is None else _encode_info(info)
