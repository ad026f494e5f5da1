"""May this user? For pytest as functions, for ``TestCase`` as assertions."""

from typing import Any

from asgiref.sync import async_to_sync
from django.utils.asyncio import async_unsafe

from ws_service.gateway.client import Client
from ws_service.gateway.connecting import TOKEN_ONLY
from ws_service.identity.users import anonymous
from ws_service.testing.communicator import PATIENCE_S
from ws_service.testing.policies import permissions_of
from ws_service.topics import site_topics


def may_subscribe(user: Any, topic: str) -> bool:
    """Whether the topic lets this user subscribe (None: an anonymous visitor), without a token.

    Raises UnknownTopic for a name that no pattern knows: it says nothing about permissions.
    """
    return not topic.startswith(TOKEN_ONLY) and _allows(user, topic, "can_subscribe")


def may_publish(user: Any, topic: str) -> bool:
    """Whether this user's client may publish to the topic. Raises UnknownTopic."""
    return _allows(user, topic, "can_publish")


def may_see_presence(user: Any, topic: str) -> bool:
    """Whether this user may see who is subscribed to the topic. Raises UnknownTopic."""
    return site_topics().match(topic).topic_class.presence and _allows(
        user, topic, "can_see_presence"
    )


def may_see_history(user: Any, topic: str) -> bool:
    """Whether this user may read what the topic keeps. Raises UnknownTopic."""
    return site_topics().match(topic).history is not None and _allows(
        user, topic, "can_see_history"
    )


class PushAssertions:
    """A mixin for ``TestCase``: ``self.assertMaySubscribe(user, "orders:42")``.

    user: None is an anonymous visitor.
    """

    def assertMaySubscribe(self, user: Any, topic: str) -> None:  # noqa: N802
        """The topic lets this user subscribe."""
        _require(may_subscribe(user, topic), user, "may not subscribe to", topic)

    def assertMayNotSubscribe(self, user: Any, topic: str) -> None:  # noqa: N802
        """The topic doesn't let this user subscribe."""
        _require(not may_subscribe(user, topic), user, "may subscribe to", topic)

    def assertMayPublish(self, user: Any, topic: str) -> None:  # noqa: N802
        """This user's client may publish to the topic."""
        _require(may_publish(user, topic), user, "may not publish to", topic)

    def assertMayNotPublish(self, user: Any, topic: str) -> None:  # noqa: N802
        """This user's client may not publish to the topic."""
        _require(not may_publish(user, topic), user, "may publish to", topic)


@async_unsafe("In an asynchronous test, ask by sync_to_async.")
def _allows(user: Any, topic: str, policy: str) -> bool:
    topics = site_topics()
    client = Client("testing", anonymous() if user is None else user)
    question = getattr(topics.match(topic).seen_by(client.user), policy)
    return async_to_sync(permissions_of(topics).allows)(question, client, PATIENCE_S)


def _require(condition: bool, user: Any, does: str, topic: str) -> None:
    if not condition:
        name = "an anonymous visitor" if user is None else str(user)
        raise AssertionError(f"{name} {does} {topic!r}")
