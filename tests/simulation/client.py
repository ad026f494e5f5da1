"""A client library, as far as delivery goes: it holds a position, comes back, and is judged."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from tests.simulation.truth import At, Truth, Window
from ws_service.broker.position import Position
from ws_service.errors import BrokerUnavailable
from ws_service.hub.hub import Attached, Hub
from ws_service.hub.subscription import Subscription
from ws_service.hub.tail import Encoded
from ws_service.protocol.lines import Lines
from ws_service.topics.history import History

RETRY_S: Final = (0.2, 1.0)
"""The pause of a client library after a temporary error, or when it was told to come back."""

WRONG_LIMIT: Final = 20


@dataclass(slots=True)
class Judgement:
    """What all clients saw. ``wrong`` has a sentence for each thing that was wrong."""

    wrong: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    delivered: int = 0
    recovered: int = 0
    gaps: int = 0
    temporary: int = 0


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic that clients subscribe to."""

    name: str
    history: History
    is_cache: bool = False


class Follower:
    """One client's subscription to one topic, over all its connections.

    now: the time, for what is written down.
    """

    def __init__(
        self,
        name: str,
        topic: Topic,
        truth: Truth,
        judgement: Judgement,
        chance: Random,
        now: Callable[[], float],
    ) -> None:
        self._name = name
        self._topic = topic
        self._truth = truth
        self._judgement = judgement
        self._chance = chance
        self._now = now
        self._hub: Hub | None = None
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None
        self._window: Window | None = None
        self.at: At | None = None

    @property
    def is_attached(self) -> bool:
        return self._subscription is not None

    @property
    def topic(self) -> str:
        return self._topic.name

    def is_at(self, hub: Hub | None) -> bool:
        """Whether it is, or is about to be, a client of this process."""
        return hub is not None and self._hub is hub

    def come(self, hub: Hub, after_s: float = 0.0) -> None:
        """Subscribe there, from the position it has."""
        self.leave()
        self._hub = hub
        self._task = asyncio.get_running_loop().create_task(self._come(hub, after_s))

    def leave(self) -> None:
        """The connection is gone."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._hub is not None and self._subscription is not None:
            self._hub.unsubscribe(self._subscription)
        self._subscription = self._hub = None

    def forget_position(self) -> None:
        """The page is loaded anew."""
        self.at = None

    async def _come(self, hub: Hub, after_s: float) -> None:
        await asyncio.sleep(after_s)
        while True:
            subscription = Subscription(self._topic.name, self)
            try:
                if self.at is None:
                    await self._subscribe(hub, subscription)
                else:
                    with self._truth.window(self._topic.name, self.at) as self._window:
                        await self._subscribe(hub, subscription)
            except BrokerUnavailable:
                self._judgement.temporary += 1
                await asyncio.sleep(self._chance.uniform(*RETRY_S))
            else:
                return

    async def _subscribe(self, hub: Hub, subscription: Subscription) -> None:
        def answer(attached: Attached) -> None:
            self._subscription = subscription
            self._answered(attached)

        since = None if self.at is None else Position(self.at.offset, self.at.epoch)
        await hub.subscribe(
            subscription,
            answer,
            history=self._topic.history,
            since=since,
            is_cache=self._topic.is_cache,
        )

    # --- what the hub says -------------------------------------------------------------------

    def deliver(self, lines: Lines) -> None:
        for line in lines.text.split("\n"):
            publication = json.loads(line)["push"]["pub"]
            self._take(publication["offset"], publication["data"])

    def has_room(self, size_bytes: int) -> bool:
        return True

    async def wait_for_room(self) -> bool:
        raise AssertionError("there was room")

    def lose_position(self, subscription: Subscription) -> None:
        if subscription is self._subscription and self._hub is not None:
            self._note("is told to come back")
            self._subscription = None
            self.come(self._hub, self._chance.uniform(*RETRY_S))

    # --- judged ------------------------------------------------------------------------------

    def _answered(self, attached: Attached) -> None:
        to = At(attached.position.offset, attached.position.epoch)
        if self.at is None:
            self._note(f"subscribed at {to}")
            self.at = to
        elif attached.recovered is None:
            self._has_gap(self.at, to)
        else:
            self._recovers(self.at, to, attached.recovered.publications)

    def _has_gap(self, at: At, to: At) -> None:
        self._judgement.gaps += 1
        self._note(f"has a gap from {at} to {to}")
        assert self._window is not None
        self._truth.look()
        if not self._window.was_gone:
            self._wrong(f"a gap that is none was announced: from {at} to {to}")
        self.at = to

    def _recovers(self, at: At, to: At, publications: Sequence[Encoded]) -> None:
        self._judgement.recovered += 1
        self._note(f"recovers {len(publications)} from {at} to {to}")
        if publications:
            self._judge_age(At(publications[0].offset - 1, at.epoch), to)
        if self._topic.is_cache and publications:
            # What a cache recovers counts wherever the client stood.
            at = At(publications[0].offset - 1, to.epoch)
        elif self._topic.is_cache and at.offset != to.offset:
            self._wrong(f"nothing was recovered from {at} to {to}")
        elif not self._truth.is_on_the_way(self.topic, at, to.epoch):
            self._wrong(f"a silent gap: recovered to {to} from {at}, which was taken back")
        self.at = At(at.offset, to.epoch)
        for publication in publications:
            self._take(publication.offset, json.loads(publication.json)["data"])
        if self.at != to:
            self._wrong(f"recovered to {self.at}, and was told that it is at {to}")
            self.at = to

    def _judge_age(self, at: At, to: At) -> None:
        assert self._window is not None
        if self._truth.is_past_its_life(self._window, at, to) or self._truth.is_too_much(
            self.topic, at, to
        ):
            self._wrong(f"from {at} to {to} it recovered what the history no longer keeps")

    def _take(self, offset: int, uid: str) -> None:
        self._judgement.delivered += 1
        self._note(f"gets {offset} {uid}")
        if self.at is None or self._subscription is None:
            self._wrong(f"{offset} came without a subscription")
            return
        epoch = self.at.epoch
        if offset <= self.at.offset:
            self._wrong(f"{offset} came after {self.at}: a duplicate, or out of order")
        elif offset != self.at.offset + 1 and not self._topic.is_cache:
            self._wrong(f"{offset} came after {self.at}: a silent gap")
        truth = self._truth.uid_at(self.topic, epoch, offset)
        if truth != uid:
            self._wrong(f"{uid} came as {offset} of {epoch}, where {truth} was published")
        self.at = At(max(offset, self.at.offset), epoch)

    def is_behind(self) -> bool:
        """Whether there is a publication that it doesn't have and has not been told of."""
        top = self._truth.top(self.topic)
        if not self.is_attached:
            return True
        if top is None or self.at is None or self.at == top:
            return False
        return self.at.epoch == top.epoch or self._truth.has_publications(self.topic, top.epoch)

    def is_at_top(self) -> bool:
        return self.is_attached and self.at == self._truth.top(self.topic)

    def judge_the_calm(self) -> None:
        """Nothing goes wrong any more, and nobody publishes."""
        if self.is_behind():
            top = self._truth.top(self.topic)
            self._wrong(f"stays behind: {self._standing()}, and the topic is at {top}")

    def _standing(self) -> str:
        return f"{'attached' if self.is_attached else 'away'} at {self.at}"

    def judge_the_end(self) -> None:
        """Nothing is on its way any more."""
        if not self.is_at_top():
            top = self._truth.top(self.topic)
            self._wrong(f"lost at the end: {self._standing()}, and the topic is at {top}")

    def _note(self, what: str) -> None:
        self._judgement.trace.append(f"{self._now():9.4f} {self._name} {self.topic} {what}")

    def _wrong(self, what: str) -> None:
        self._note(f"WRONG: {what}")
        if len(self._judgement.wrong) < WRONG_LIMIT:
            self._judgement.wrong.append(f"{self._name} in {self.topic}: {what}")
