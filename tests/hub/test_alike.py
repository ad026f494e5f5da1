"""Two processes that are asked the same give the same answer: the one that the docs promise.

One has held the topic all along and heard every publication. The other one joins it anew for each
question and knows what the store has.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from devkit.redis_server import RedisServer
from tests.hub.conftest import Listener
from tests.hub.kept_history import KeptHistory
from tests.waiting import until
from ws_service.broker.connection import BlockingBroker
from ws_service.broker.keys import Keys
from ws_service.broker.position import Position
from ws_service.broker.scripts import publish_answer, publish_call
from ws_service.hub.hub import Attached, Hub
from ws_service.hub.subscription import Subscription
from ws_service.topics.history import History

TOPIC = "prices:dax"
# Long, and nothing in it depends on the Python.
pytestmark = pytest.mark.once

NO_LIMIT_BYTES = 100_000
SHORT = timedelta(seconds=15)
"""So short that a process asks the store how long it keeps the publications."""

LONG = timedelta(minutes=10)


async def attach(
    hub: Hub, subscription: Subscription, answers: list[Attached], history: History, **options: Any
) -> None:
    """The one call of a hub in which it is told of the topic's history."""
    await hub.subscribe(subscription, answers.append, history=history, **options)


@dataclass
class Pair:
    """Two hubs on one store, who publishes to them, and what they should know."""

    warm: Hub
    cold: Hub
    keys: Keys
    broker: BlockingBroker
    raw: redis.Redis
    history: History
    is_cache: bool
    model: KeptHistory

    async def publish(self, *lengths: int) -> None:
        for length in lengths:
            payload = json.dumps("x" * length).encode()
            self.model.publish(self._publish(payload), payload)
        await self._has_arrived()

    def expire(self) -> None:
        """As if the time to live had passed: for the store, and by the clock of the process."""
        self.raw.delete(self.keys.stream(TOPIC))
        self.warm._topics[TOPIC].kept_until_s = 0.0
        self.model.expire()

    async def has_expired(self) -> None:
        """Wait until it has passed."""
        await until(lambda: not self._is_kept(), lambda: "the stream")
        self.model.expire()

    def restart(self) -> None:
        """As if the server had restarted: the next publication begins an epoch."""
        self.raw.hset(self.keys.metadata(TOPIC), "server", "another")

    async def lose_everything(self) -> None:
        self.raw.delete(self.keys.stream(TOPIC), self.keys.metadata(TOPIC))
        self.model.begin_anew(self._publish(b"1"), b"1")
        await self._has_arrived()

    async def answers(self, since: Position) -> dict[str, list[int] | None]:
        """What both processes say, and what they should say."""
        while True:
            was_kept = self._is_kept()
            found = {"warm": await self._ask(self.warm, since)}
            found["cold"] = await self._ask(self.cold, since)
            self.cold._topics.forget(self.cold._topics[TOPIC])
            if self._is_kept() == was_kept:
                break
        if not was_kept:
            self.model.expire()
        should = self.model.latest if self.is_cache else self.model.since
        return {**found, "promised": should(since)}

    async def _ask(self, hub: Hub, since: Position) -> list[int] | None:
        subscription = Subscription(TOPIC, Listener())
        found: list[Attached] = []
        await attach(hub, subscription, found, self.history, since=since, is_cache=self.is_cache)
        hub.unsubscribe(subscription)
        assert found[0].position == self.model.top
        recovered = found[0].recovered
        return None if recovered is None else [each.offset for each in recovered.publications]

    def _publish(self, payload: bytes) -> Position:
        call = publish_call(
            self.keys,
            TOPIC,
            payload,
            history_size=self.history.size,
            history_lifetime=self.history.ttl,
            idempotency_key=None,
        )
        return publish_answer(self.broker.run(call))

    async def _has_arrived(self) -> None:
        held = self.warm._topics[TOPIC]
        await until(lambda: held.position == self.model.top, lambda: f"{held.position}")

    def _is_kept(self) -> bool:
        return bool(self.raw.exists(self.keys.stream(TOPIC)))


@asynccontextmanager
async def pair(
    server: RedisServer,
    history: History,
    *,
    is_cache: bool,
    recovery_limit_bytes: int = NO_LIMIT_BYTES,
) -> AsyncIterator[Pair]:
    keys = Keys(f"test-{uuid4().hex[:8]}")
    hubs = [Hub(server.url, keys, recovery_limit_bytes) for _ in range(2)]
    broker = BlockingBroker(server.url, 2)
    try:
        for hub in hubs:
            hub.start()
        found: list[Attached] = []
        stays = Subscription(TOPIC, Listener())
        await attach(hubs[0], stays, found, history, is_cache=is_cache)
        model = KeptHistory(history.size, recovery_limit_bytes, found[0].position)
        with redis.Redis(port=server.port) as raw:
            yield Pair(*hubs, keys, broker, raw, history, is_cache, model)
    finally:
        broker.close()
        for hub in hubs:
            await hub.close()


publications = st.tuples(
    st.just("publish"), st.lists(st.integers(0, 40), min_size=1, max_size=5).map(tuple)
)
events = st.sampled_from(["expire", "restart", "lose_everything"]).map(lambda name: (name, ()))
epochs = st.sampled_from(["current", "current", "any", "earlier", "unknown"])
questions = st.tuples(st.integers(-2, 9), epochs)


def position(model: KeptHistory, back: int, epoch: str) -> Position:
    """Some way back from the top; in front of it if that is negative."""
    earlier = next(iter(model.ended), "unknown")
    names = {"current": model.top.epoch, "any": "", "earlier": earlier, "unknown": "unknown"}
    return Position(max(0, model.top.offset - back), names[epoch])


@pytest.mark.parametrize("is_cache", [False, True], ids=["stream", "cache"])
@settings(deadline=None, max_examples=40)
@given(
    size=st.integers(1, 8),
    ttl=st.sampled_from([SHORT, LONG]),
    limit=st.sampled_from([NO_LIMIT_BYTES, 150, 60]),
    steps=st.lists(st.tuples(publications | events, questions, questions), max_size=8),
)
async def test_both_say_what_is_promised(
    redis_server: RedisServer,
    is_cache: bool,
    size: int,
    ttl: timedelta,
    limit: int,
    steps: list[Any],
) -> None:
    """Whichever process a client comes back to: there is no luck in what it gets."""
    history = History(size, ttl)
    async with pair(redis_server, history, is_cache=is_cache, recovery_limit_bytes=limit) as both:
        for (name, lengths), *asked in steps:
            if name == "publish":
                await both.publish(*lengths)
            elif name == "restart":
                both.restart()
            elif name == "lose_everything":
                await both.lose_everything()
            elif ttl == SHORT:  # nothing else takes a stream away before its time
                both.expire()
            for back, epoch in asked:
                since = position(both.model, back, epoch)
                answers = await both.answers(since)
                promised = answers["promised"]
                assert answers == dict.fromkeys(answers, promised), since


@pytest.mark.parametrize("is_cache", [False, True], ids=["stream", "cache"])
async def test_both_know_when_its_time_has_passed(
    redis_server: RedisServer, is_cache: bool
) -> None:
    """The store takes them away without a word to anybody."""
    history = History(size=3, ttl=timedelta(seconds=1))
    async with pair(redis_server, history, is_cache=is_cache) as both:
        await both.publish(1, 1, 1, 1)
        await both.has_expired()
        for back in range(-1, 5):
            for epoch in ("current", "any"):
                since = position(both.model, back, epoch)
                answers = await both.answers(since)
                assert answers == dict.fromkeys(answers, answers["promised"]), since


async def test_both_carry_300_publications_and_not_one_more(redis_server: RedisServer) -> None:
    """One message has to hold them all."""
    async with pair(redis_server, History(size=1_000, ttl=LONG), is_cache=False) as both:
        await both.publish(*[1] * 301)
        for back, offsets in ((300, list(range(2, 302))), (301, None)):
            answers = await both.answers(position(both.model, back, "current"))
            assert (answers["warm"], answers["cold"]) == (offsets, offsets)


@pytest.mark.parametrize("length", [1, 60_000], ids=["small", "too large for a doorbell"])
@pytest.mark.parametrize("is_trusted", [False, True], ids=["asked", "trusted"])
async def test_what_has_expired_does_not_come_back_with_the_next_publication(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, length: int, is_trusted: bool
) -> None:
    """It begins a new life for itself, not for what was gone before."""
    if is_trusted:
        monkeypatch.setattr("ws_service.hub.topic.TRUSTED_FROM_S", 1.0)
    history = History(10, timedelta(seconds=1))
    async with pair(redis_server, history, is_cache=False, recovery_limit_bytes=1_000_000) as both:
        await both.publish(1, 1, 1)
        await both.has_expired()
        await both.publish(length)
        found = await both.answers(Position(0, both.model.top.epoch))
        assert found["warm"] == found["cold"] == found["promised"]
