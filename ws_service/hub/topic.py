"""One topic in this process, and what is on its way to its subscribers."""

import asyncio
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import Final

from ws_service.broker.doorbell import Doorbell, MemberEvent
from ws_service.broker.position import Lineage, Position
from ws_service.hub.subscription import Subscription
from ws_service.hub.tail import Encoded, Reading, Tail
from ws_service.hub.wheel import Timer
from ws_service.metrics import count
from ws_service.protocol.codec import PushEncoder, encode_publication
from ws_service.protocol.lines import Lines, joined_up_to
from ws_service.topics.history import History

JOINED_LIMIT_BYTES: Final = 65_536
"""Publications that came together are joined up to here; one that is larger goes alone."""

TRUSTED_FROM_S: Final = 20.0
"""Shorter lives than this are always asked for in Redis. Longer ones are trusted for a half of it:
a doorbell that was ten seconds on its way has shown that its link is dead.
"""

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

    history: None for a topic without positions: what comes is passed on.
    is_cache: only the latest publication counts; what was missed before it is no gap.
    lineage: where it stands; its top is the topic's position.
    generation: how often it was rebased: what was read before is then of no use.
    backfill: somebody is reading what came before the tail, for this generation.
    kept_until_s: until when, by the loop's clock, the history surely keeps what is in the tail.
    held: doorbells that came while the store was being read.
    must_look: something came meanwhile that is not held, and that this reading may not show.
    waiting: how many are about to attach; such a topic isn't forgotten.
    """

    __slots__ = (
        "_encoder", "_hearing", "_loop", "_pending", "_pending_with_members", "_trusted_s",
        "backfill", "generation", "has_history", "held", "is_cache", "joined", "kept_until_s",
        "lineage", "linger", "must_look", "name", "state", "subscriptions", "synchronising",
        "tail", "waiting",
    )  # fmt: skip

    def __init__(
        self, name: str, history: History | None, tail: Tail, is_cache: bool = False
    ) -> None:
        self.name = name
        self.has_history = history is not None
        lifetime_s = history.ttl.total_seconds() if history else 0.0
        self._trusted_s = lifetime_s / 2 if lifetime_s >= TRUSTED_FROM_S else 0.0
        self._loop = asyncio.get_running_loop()
        self.kept_until_s = 0.0
        self.is_cache = is_cache
        self.state = TopicState.JOINING
        self.lineage = Lineage(Position(0, ""), {})
        self.tail = tail
        self.subscriptions: dict[Subscription, None] = {}
        self.joined: asyncio.Future[None] | None = None
        self.backfill: asyncio.Task[Reading | None] | None = None
        self.synchronising: asyncio.Task[None] | None = None
        self.held: list[Doorbell | MemberEvent] = []
        self.must_look = False
        self.waiting = 0
        self.generation = 0
        self.linger: Timer | None = None
        self._encoder = PushEncoder(name)
        self._hearing: set[Subscription] = set()
        self._pending: list[Lines] = []
        # The same, and who came and went between; None while nobody did.
        self._pending_with_members: list[Lines] | None = None

    @property
    def position(self) -> Position:
        return self.lineage.top

    @property
    def is_held(self) -> bool:
        """Whether doorbells wait: somebody is reading the store."""
        return self.state is TopicState.JOINING or self.synchronising is not None

    def hold(self, message: Doorbell | MemberEvent) -> None:
        if len(self.held) < HELD_LIMIT:
            self.held.append(message)
        elif isinstance(message, Doorbell):
            self.must_look = True
        else:
            count("ws_service_member_events_dropped_total")

    def release(self) -> tuple[list[Doorbell | MemberEvent], bool]:
        """What was held, and whether the store must be read again."""
        held, must_look = self.held, self.must_look
        self.held, self.must_look = [], False
        return held, must_look

    def advance(
        self, offset: int, payload: bytes, extra: bytes = b"", *, is_news: bool = True
    ) -> None:
        """The next publication: into the tail, and on its way to the subscribers.

        is_news: whether a doorbell brought it. What was read may be old; its reading says how long
            it is kept (``keep_until``).
        """
        publication = Encoded.of(offset, payload, extra)
        if is_news:
            self.keep_until(self._loop.time() + self._trusted_s)
        self.lineage = Lineage(Position(offset, self.position.epoch), self.lineage.earlier)
        self.tail.append(publication)
        self._send(publication.json)

    def keep_until(self, time_s: float) -> None:
        """The history keeps at least so long what it keeps now."""
        self._let_expire()
        self.kept_until_s = max(self.kept_until_s, time_s)

    def _let_expire(self) -> None:
        """Before the tail gets a new life: what has expired must not come back with it."""
        if self._loop.time() >= self.kept_until_s:
            self.tail.clear()

    def since(self, offset: int) -> list[Encoded] | None:
        """Everything after an offset, None if some of it is not in the tail, or may have expired:
        whoever asks another process gets the same answer.
        """
        self._let_expire()
        return self.tail.after(offset)

    def pass_on(self, payload: bytes, extra: bytes = b"") -> None:
        """A publication without a position."""
        self._send(encode_publication(payload, 0, extra))

    def tell(self, event: MemberEvent) -> bool:
        """Who came or went, behind what was published before; False when nobody hears of it."""
        if not self._hearing:
            return False
        encode = self._encoder.encode_join if event.is_join else self._encoder.encode_leave
        if self._pending_with_members is None:
            self._pending_with_members = self._pending.copy()
        self._pending_with_members.append(encode(event.info))
        return True

    def _send(self, publication: bytes) -> None:
        if self.subscriptions:
            lines = self._encoder.encode(publication)
            self._pending.append(lines)
            if self._pending_with_members is not None:
                self._pending_with_members.append(lines)

    def flush(self) -> None:
        """Give what is on its way to those who are attached; made once, shared by all.

        Before anybody is attached or detached, so that everybody gets exactly what was published
        while they were.
        """
        pending, self._pending = self._pending, []
        with_members, self._pending_with_members = self._pending_with_members, None
        if with_members is None:
            _deliver(pending, self.subscriptions)
        else:
            _deliver(with_members, self._hearing)
            _deliver(pending, [each for each in self.subscriptions if not each.hears_members])

    def attach(self, subscription: Subscription) -> None:
        self.flush()
        self.subscriptions[subscription] = None
        if subscription.hears_members:
            self._hearing.add(subscription)

    def detach(self, subscription: Subscription) -> None:
        if subscription in self.subscriptions:
            self.flush()
            del self.subscriptions[subscription]
            self._hearing.discard(subscription)

    def rebase(self, lineage: Lineage) -> list[Subscription]:
        """Stand somewhere else from now on; returns those who stood where it was before."""
        self.flush()
        stranded = list(self.subscriptions)
        self.subscriptions = {}
        self._hearing.clear()
        self.lineage = lineage
        self.generation += 1
        self.backfill = None
        self.kept_until_s = 0.0
        self.tail.clear()
        self.tail.end = lineage.top.offset
        return stranded


def _deliver(pending: Sequence[Lines], subscriptions: Iterable[Subscription]) -> None:
    for lines in joined_up_to(JOINED_LIMIT_BYTES, pending):
        for subscription in subscriptions:
            subscription.subscriber.deliver(lines)
