"""One connection's interest in one topic."""

from typing import Protocol

from ws_service.protocol.lines import Lines


class Subscriber(Protocol):
    """A connection, as the hub sees it. No method may raise."""

    def deliver(self, lines: Lines) -> None:
        """Put these lines behind everything that was delivered before."""

    def has_room(self, size_bytes: int) -> bool:
        """Whether so much can be put into the send buffer, besides what waits there already."""

    async def wait_for_room(self) -> bool:
        """Return when the client has read something, or the connection has ended.

        False, at once, where there will be no more room.
        """

    def lose_position(self, subscription: "Subscription") -> None:
        """The subscription is no longer attached: it must start again from its position."""


class Subscription:
    """A connection and a topic; compared by identity, so that an old one is not taken for a new.

    hears_members: whether it is told who comes and goes.
    """

    __slots__ = ("channel", "hears_members", "subscriber")

    def __init__(self, channel: str, subscriber: Subscriber, hears_members: bool = False) -> None:
        self.channel = channel
        self.subscriber = subscriber
        self.hears_members = hears_members
