"""What a client gets without asking, while the answer to its ``connect`` is being made."""

from ws_service.hub.send_buffer import SendBuffer
from ws_service.protocol.messages import SubscribeResult


class Starting:
    """The server's own subscriptions of one client, until it is told of them all at once.

    All that was recovered stands in one reply, and what topics deliver meanwhile comes behind it:
    together they must fit into the send buffer, or who has missed much would be sent away as slow,
    again and again. What doesn't fit is a gap, which the client is told.

    held: what topics have delivered.
    """

    __slots__ = ("_recovered_bytes", "_recovered_limit_bytes", "held", "results", "revoked")

    def __init__(self, buffer_limit_bytes: int) -> None:
        self._recovered_bytes = 0
        self._recovered_limit_bytes = buffer_limit_bytes // 2
        self.held = SendBuffer(buffer_limit_bytes * 3 // 8)
        self.results: dict[str, SubscribeResult] = {}
        self.revoked: set[str] = set()

    def has_room(self, size_bytes: int) -> bool:
        """Whether so much more may be recovered."""
        return self._recovered_bytes + size_bytes <= self._recovered_limit_bytes

    def add(self, channel: str, result: SubscribeResult) -> None:
        """A subscription is attached."""
        self._recovered_bytes += sum(len(bytes(each)) for each in result.publications)
        if channel not in self.revoked:
            self.results[channel] = result

    def revoke(self, channel: str) -> None:
        """The site has ended it before it began."""
        self.revoked.add(channel)
        self.results.pop(channel, None)
