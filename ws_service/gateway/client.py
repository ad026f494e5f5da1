"""Who is on the other side of a connection, and what is attached to it."""

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Raw

from ws_service.hub.subscription import Subscription
from ws_service.hub.wheel import Timer
from ws_service.protocol.allowance import Allowance
from ws_service.topics import Topic


@dataclass(slots=True, eq=False)
class Attachment:
    """One subscription of a client. There are many: it holds nothing that can be found again.

    is_present: whether the topic's presence lists the client. begun_s: on the event loop's clock.
    chan_info: JSON that others see of the client in this topic, None for nothing.
    expires_at: Unix time at which its token ends, None without one.
    """

    subscription: Subscription
    is_present: bool
    chan_info: bytes | None = None
    expires_at: float | None = None
    expiry: Timer | None = None
    begun_s: float = 0.0

    @property
    def channel(self) -> str:
        return self.subscription.channel


@dataclass(slots=True, eq=False)
class Client:
    """id: of the connection. user: as the site knows it; a token may name another one.
    opened_s: when, on the event loop's clock. user_id: ``""`` for who has no name.
    conn_info: JSON that others see of the client everywhere, None for nothing.
    expires_at: Unix time at which its token ends, None without one.
    token_channels: the topics that its token names.
    """

    id: str
    user: Any
    opened_s: float = 0.0
    user_id: str = field(init=False)
    conn_info: bytes | None = None
    expires_at: float | None = None
    expiry: Timer | None = None
    token_channels: Set[str] = frozenset()
    attachments: dict[str, Attachment] = field(default_factory=dict)
    _allowances: dict[type[Topic], Allowance] | None = None

    def __post_init__(self) -> None:
        # Now, and once: a site's code may delete the very user who is calling it.
        self.user_id = str(self.user.pk) if self.user.is_authenticated else ""

    def info(self, chan_info: bytes | None = None) -> bytes:
        """ClientInfo: what others see (protocol reference, 2.4)."""
        fields: dict[str, Any] = {"user": self.user_id, "client": self.id}
        if self.conn_info is not None:
            fields["conn_info"] = Raw(self.conn_info)
        if chan_info is not None:
            fields["chan_info"] = Raw(chan_info)
        return msgspec.json.encode(fields)

    def may_publish_now(self, topic_class: type[Topic], now_s: float) -> bool:
        """Whether this publication is within ``publish_rate``; then it counts."""
        rate = topic_class.publish_rate
        if rate is None:
            return True
        if self._allowances is None:
            self._allowances = {}
        allowance = self._allowances.setdefault(topic_class, Allowance(max(1, round(rate)), rate))
        return allowance.take(1, now_s)
