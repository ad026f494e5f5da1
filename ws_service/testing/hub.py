"""A hub without Redis: the communicators of this process, and what is captured meanwhile."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol
from weakref import WeakSet

from ws_service.broker.position import Lineage, Position
from ws_service.errors import BrokerNotConfigured
from ws_service.gateway.client import Client
from ws_service.hub.hub import Attached
from ws_service.hub.subscription import Subscription
from ws_service.hub.tail import Encoded
from ws_service.protocol.codec import PushEncoder, encode_publication
from ws_service.protocol.lines import Lines
from ws_service.publishing.broker import publisher
from ws_service.publishing.outgoing import Outgoing
from ws_service.testing.memory import EPOCH, MemoryPublisher
from ws_service.topics import History


class NotCapturing(Exception):
    """What a client publishes or reads in a test must be captured."""

    def __init__(self) -> None:
        super().__init__(
            "there is no Redis here: write `with capture_publications():` around what a"
            " Communicator publishes or reads"
        )


class Mailbox:
    """What has reached one communicator."""

    def __init__(self) -> None:
        self._pushes: list[dict[str, Any]] = []

    def deliver(self, lines: Lines) -> None:
        self._pushes.append(json.loads(lines.text)["push"])

    def has_room(self, size_bytes: int) -> bool:
        return True

    async def wait_for_room(self) -> bool:
        """There always is."""
        return True

    def lose_position(self, subscription: Subscription) -> None:
        """Nothing is lost without Redis."""

    def data_of(self, channel: str) -> list[Any]:
        """In the order in which it came."""
        return [push["pub"]["data"] for push in self._pushes if push["channel"] == channel]


class Member(Protocol):
    """A communicator, as the hub sees it."""

    client: Client
    mailbox: Mailbox


class MemoryMembers:
    """Who is present: the communicators that are subscribed."""

    def __init__(self, members: WeakSet[Member]) -> None:
        self._members = members

    async def enter(self, topic: str, client: str, info: bytes, *, tells: bool) -> None:
        """It shows by its subscription."""

    def announce(self, topic: str, client: str) -> None:
        """Communicators get publications only."""

    def leave(self, topic: str, client: str) -> None:
        """It shows by its subscription."""

    async def present(self, topic: str, limit_bytes: float) -> dict[str, bytes]:
        return {
            member.client.id: member.client.info(attachment.chan_info)
            for member in list(self._members)
            if (attachment := member.client.attachments.get(topic)) is not None
        }

    async def stats(self, topic: str) -> tuple[int, int]:
        users = [
            member.client.user_id
            for member in list(self._members)
            if topic in member.client.attachments
        ]
        return len(users), len(set(users))


class MemoryHub:
    """What the gateway asks of a hub, for communicators."""

    def __init__(self) -> None:
        self._all: WeakSet[Member] = WeakSet()
        self.members = MemoryMembers(self._all)

    def add(self, member: Member) -> None:
        """Known for as long as somebody else holds it."""
        self._all.add(member)

    def deliver(self, publication: Outgoing, position: Position) -> None:
        """Bring a publication to all that are subscribed."""
        encoded = encode_publication(publication.payload, position.offset, publication.extra)
        lines = PushEncoder(publication.topic).encode(encoded)
        for member in list(self._all):
            if publication.topic in member.client.attachments:
                member.mailbox.deliver(lines)

    async def subscribe(
        self,
        subscription: Subscription,
        answer: Callable[[Attached], None],
        **wishes: object,
    ) -> None:
        """Nothing is recovered: a communicator has never been away."""
        answer(Attached(_top_of(subscription.channel), None))

    def unsubscribe(self, subscription: Subscription) -> None:
        """It shows by what the client has attached."""

    async def publish(
        self, name: str, payload: bytes, *, history: History | None, extra: bytes = b""
    ) -> Position:
        """Raises NotCapturing."""
        (position,) = _memory().send([Outgoing(name, payload, extra, history, None)])
        return position

    async def history(
        self, name: str, *, after: int, limit: int, reverse: bool
    ) -> tuple[Lineage, Sequence[Encoded]]:
        """Raises NotCapturing."""
        part = _memory().read(name, after, limit, reverse=reverse)
        found = [Encoded.of(each.offset, each.payload, each.extra) for each in part.publications]
        return part.lineage, found


def _memory() -> MemoryPublisher:
    try:
        found = publisher()
    except BrokerNotConfigured:
        raise NotCapturing from None
    if not isinstance(found, MemoryPublisher):
        raise NotCapturing
    return found


def _top_of(topic: str) -> Position:
    try:
        return _memory().read(topic, after=0, limit=0).lineage.top
    except NotCapturing:
        return Position(0, EPOCH)


hub: Final = MemoryHub()
"""The one of this process."""
