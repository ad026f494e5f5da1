"""One topic in this process, and what is on its way to its subscribers."""

import asyncio
from enum import Enum, auto
from typing import Final

from ws_service.broker.doorbell import Doorbell
from ws_service.broker.position import Lineage, Position
from ws_service.hub.subscription import Subscription
from ws_service.hub.tail import Encoded, Tail
from ws_service.hub.wheel import Timer
from ws_service.protocol.codec import PushEncoder, encode_publication
from ws_service.protocol.lines import Lines, joined_up_to

JOINED_LIMIT_BYTES: Final = 65_536
"""Publications that came together are joined up to here; one that is larger goes alone."""

HELD_LIMIT: Final = 1_024
"""Doorbells that wait while the store is being read; past it they are read from there as well."""


class TopicState(Enum):
    JOINING = auto()
    LIVE = auto()
    LINGERING = auto()


class HubTopic:
    """The state of one topic. Only the modules of the hub touch it.

    All subscriptions that are attached stand at the topic's own position: they were attached
    there and got everything since. So there is one position, not one for each.

    has_history: False for a topic without positions: what comes is passed on.
    lineage: where it stands; its top is the topic's position.
    generation: how often it was rebased: what was read before is then of no use.
    held: doorbells that came while the store was being read.
    must_look: something came meanwhile that is not held, and that this reading may not show.
    waiting: how many are about to attach; such a topic isn't forgotten.
    """

    __slots__ = (
        "_encoder", "_pending", "backfill", "generation", "has_history", "held", "joined",
        "lineage", "linger", "must_look", "name", "state", "subscriptions", "synchronising",
        "tail", "waiting",
    )  # fmt: skip

    def __init__(self, name: str, has_history: bool, tail: Tail) -> None:
        self.name = name
        self.has_history = has_history
        self.state = TopicState.JOINING
        self.lineage = Lineage(Position(0, ""), {})
        self.tail = tail
        self.subscriptions: dict[Subscription, None] = {}
        self.joined: asyncio.Future[None] | None = None
        self.backfill: asyncio.Future[None] | None = None
        self.synchronising: asyncio.Task[None] | None = None
        self.held: list[Doorbell] = []
        self.must_look = False
        self.waiting = 0
        self.generation = 0
        self.linger: Timer | None = None
        self._encoder = PushEncoder(name)
        self._pending: list[Lines] = []

    @property
    def position(self) -> Position:
        return self.lineage.top

    @property
    def is_held(self) -> bool:
        """Whether doorbells wait: somebody is reading the store."""
        return self.state is TopicState.JOINING or self.synchronising is not None

    def hold(self, doorbell: Doorbell) -> None:
        if len(self.held) < HELD_LIMIT:
            self.held.append(doorbell)
        else:
            self.must_look = True

    def release(self) -> tuple[list[Doorbell], bool]:
        """What was held, and whether the store must be read again."""
        held, must_look = self.held, self.must_look
        self.held, self.must_look = [], False
        return held, must_look

    def advance(self, offset: int, payload: bytes, extra: bytes = b"") -> None:
        """The next publication: into the tail, and on its way to the subscribers."""
        publication = Encoded.of(offset, payload, extra)
        self.lineage = Lineage(Position(offset, self.position.epoch), self.lineage.earlier)
        self.tail.append(publication)
        self._send(publication.json)

    def pass_on(self, payload: bytes, extra: bytes = b"") -> None:
        """A publication without a position."""
        self._send(encode_publication(payload, 0, extra))

    def _send(self, publication: bytes) -> None:
        if self.subscriptions:
            self._pending.append(self._encoder.encode(publication))

    def flush(self) -> None:
        """Give what is on its way to those who are attached; made once, shared by all.

        Before anybody is attached or detached, so that everybody gets exactly what was published
        while they were.
        """
        pending, self._pending = self._pending, []
        for lines in joined_up_to(JOINED_LIMIT_BYTES, pending):
            for subscription in self.subscriptions:
                subscription.subscriber.deliver(lines)

    def attach(self, subscription: Subscription) -> None:
        self.flush()
        self.subscriptions[subscription] = None

    def detach(self, subscription: Subscription) -> None:
        if subscription in self.subscriptions:
            self.flush()
            del self.subscriptions[subscription]

    def rebase(self, lineage: Lineage) -> list[Subscription]:
        """Stand somewhere else from now on; returns those who stood where it was before."""
        self.flush()
        stranded = list(self.subscriptions)
        self.subscriptions = {}
        self.lineage = lineage
        self.generation += 1
        self.tail.clear()
        self.tail.end = lineage.top.offset
        return stranded
