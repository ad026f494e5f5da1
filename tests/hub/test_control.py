"""What the site tells every process is obeyed once and in order, whatever becomes of Redis."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from devkit.redis_server import RedisServer
from tests.waiting import until
from ws_service.broker.connection import BlockingBroker
from ws_service.broker.keys import Keys
from ws_service.broker.position import EPOCHS_REMEMBERED, Lineage, Position
from ws_service.broker.scripts import publish_answer, publish_call
from ws_service.hub.control import CONTROL_TOPIC
from ws_service.hub.hub import Hub
from ws_service.metrics import counters

GAPS = "ws_service_control_gaps_total"


@dataclass
class Process:
    """One service process: its hub, and what it was told."""

    hub: Hub
    told: list[Any] = field(default_factory=list)

    @property
    def is_following(self) -> bool:
        topic = self.hub._topics.get(CONTROL_TOPIC)
        return topic is not None and len(topic.subscriptions) == 1


@dataclass
class Site:
    """A Redis, and who publishes to it."""

    server: RedisServer
    keys: Keys = field(default_factory=lambda: Keys(f"test-{uuid4().hex[:8]}"))

    def tell(self, *messages: Any, size: int = 1_000) -> list[Position]:
        broker = BlockingBroker(self.server.url, 2)
        calls = [
            publish_call(
                self.keys,
                CONTROL_TOPIC,
                json.dumps(each).encode(),
                history_size=size,
                history_lifetime=timedelta(hours=1),
                idempotency_key=None,
            )
            for each in messages
        ]
        try:
            return [publish_answer(answer) for answer in broker.run_many(calls)]
        finally:
            broker.close()

    @asynccontextmanager
    async def process(
        self, obey: Callable[[bytes], None] | None = None, *, follows: bool = True
    ) -> AsyncIterator[Process]:
        told: list[Any] = []
        hub = Hub(
            self.server.url,
            self.keys,
            recovery_limit_bytes=100_000,
            on_control=obey or (lambda message: told.append(json.loads(message))),
        )
        process = Process(hub, told)
        hub.start()
        try:
            if follows:
                await until(lambda: process.is_following)
            yield process
        finally:
            await hub.close()


@pytest.fixture
def site(redis_server: RedisServer) -> Site:
    return Site(redis_server)


@pytest.fixture
def own_site(own_redis: RedisServer) -> Site:
    return Site(own_redis)


async def all_told(processes: list[Process], messages: list[Any]) -> None:
    for process in processes:
        await until(lambda told=process.told: told[-1:] == messages[-1:])
        assert process.told == messages


async def test_every_process_is_told_in_order(site: Site) -> None:
    """A user may be connected to any of them."""
    async with site.process() as one, site.process() as other:
        site.tell(*range(50))
        await all_told([one, other], list(range(50)))


async def test_a_process_that_starts_obeys_what_comes_and_not_what_was(site: Site) -> None:
    """Who was thrown out an hour ago may be welcome now."""
    site.tell("old")
    async with site.process() as process:
        site.tell("new")
        await all_told([process], ["new"])


async def test_without_a_callback_the_topic_is_not_held(site: Site) -> None:
    """Who obeys nothing needs to hear nothing."""
    hub = Hub(site.server.url, site.keys, recovery_limit_bytes=100_000)
    hub.start()
    await hub.echo()
    assert CONTROL_TOPIC not in hub._topics
    await hub.close()


async def test_a_message_that_can_not_be_obeyed_stops_nobody_and_fills_no_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """One of a newer version, or a mistake."""
    told: list[bytes] = []

    def obey(message: bytes) -> None:
        told.append(message)
        if message.startswith(b'"bad'):
            raise LookupError(message)

    async with site.process(obey):
        site.tell(*(f"bad {n}" for n in range(20)), "good")
        await until(lambda: told[-1:] == [b'"good"'])
    assert len(told) == 21
    assert caplog.text.count("A control message could not be obeyed") == 1


async def test_what_somebody_else_has_written_to_the_stream_stops_nobody(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """It is no JSON: the next one is."""
    async with site.process() as process:
        (at,) = site.tell("a")
        await all_told([process], ["a"])
        with redis.Redis(port=site.server.port) as client:
            client.publish(site.keys.doorbell(CONTROL_TOPIC), f"1 2 {at.epoch} {{no")
            client.xadd(site.keys.stream(CONTROL_TOPIC), {"d": "{no"}, id="2-0")
            client.hset(site.keys.metadata(CONTROL_TOPIC), "offset", 2)
        site.tell("b")
        await all_told([process], ["a", "b"])
    assert caplog.text.count("could not be obeyed") == 1


async def test_more_than_one_recovery_carries_is_caught_up_with(
    own_site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """A process may have been cut off for a busy hour."""
    async with own_site.process() as process:
        own_site.tell("first")
        await all_told([process], ["first"])
        # Another epoch makes each process come back by its own position.
        with redis.Redis(port=own_site.server.port) as client:
            client.hset(own_site.keys.metadata(CONTROL_TOPIC), "server", "another")
        own_site.tell(*range(950))
        await all_told([process], ["first", *range(950)])
    assert "missed" not in caplog.text


async def test_what_is_kept_no_longer_is_a_gap_and_the_rest_is_obeyed(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever was to be thrown out then is known to nobody: an operator must know."""
    before = counters().get(GAPS, 0)
    async with site.process() as process:
        site.tell("a")
        await all_told([process], ["a"])
        with monkeypatch.context() as patch:
            patch.setattr(process.hub._link, "ring", lambda *_: None)
            site.tell(*range(20), size=10)
            await until(lambda: len(process.told) > 1)
        await all_told([process], ["a", *range(10, 20)])
        assert counters()[GAPS] == before + 1
        (text,) = [m for m in caplog.messages if "missed" in m]
        assert text.startswith("Control messages after 1:")
        site.tell("b")
        await all_told([process], ["a", *range(10, 20), "b"])


@pytest.mark.promise("control")
@pytest.mark.parametrize("left", ["all", "stale", "nothing"])
async def test_two_processes_are_told_once_and_in_order_across_a_restart_of_redis(
    own_site: Site, left: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With what was saved, with an older snapshot, and with nothing."""
    server = own_site.server
    async with own_site.process() as one, own_site.process() as other:
        own_site.tell(*range(5))
        await all_told([one, other], list(range(5)))
        if left == "stale":
            server.save()
        own_site.tell(*range(5, 10))
        await all_told([one, other], list(range(10)))
        if left == "all":
            server.save()
        server.kill()
        server.start()
        # At once, before anybody is back.
        own_site.tell(*range(10, 15))
        await all_told([one, other], list(range(15)))
        own_site.tell("last")
        await all_told([one, other], [*range(15), "last"])
    has_gap = any("missed" in message for message in caplog.messages)
    assert has_gap == (left != "all"), caplog.messages


async def test_a_process_that_starts_before_redis_obeys_from_then_on(
    own_site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """Start order is nobody's business; what doesn't need Redis goes on meanwhile."""
    caplog.set_level(logging.INFO)
    own_site.server.stop()
    async with own_site.process(follows=False) as process:
        turns = asyncio.get_running_loop().time() + 0.3
        await until(lambda: asyncio.get_running_loop().time() > turns)
        assert not process.is_following
        own_site.server.start()
        await until(lambda: process.is_following)
        own_site.tell("a")
        await all_told([process], ["a"])
    assert not [m for m in caplog.messages if "ontrol" in m]


async def test_lost_doorbells_cost_time_and_no_message(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change index finds them, like those of any topic."""
    async with site.process() as process:
        with monkeypatch.context() as patch:
            patch.setattr(process.hub._link, "ring", lambda *_: None)
            site.tell(*range(3))
            await all_told([process], [0, 1, 2])
        site.tell(3)
        await all_told([process], [0, 1, 2, 3])


epochs = st.sampled_from("abcdefgh")


@given(
    st.dictionaries(epochs, st.integers(0, 9), max_size=EPOCHS_REMEMBERED),
    st.integers(0, 9),
    st.builds(Position, st.integers(0, 12), epochs | st.just("top")),
)
def test_what_follows_the_shared_part_is_new_to_who_stood_there(
    earlier: dict[str, int], top: int, position: Position
) -> None:
    """Nothing is obeyed twice, nothing that is left is passed over."""
    lineage = Lineage(Position(top, "top"), earlier)
    shared = lineage.shared_with(position)
    if lineage.covers(position):
        assert shared == position.offset
    elif shared is None:
        assert len(earlier) == EPOCHS_REMEMBERED
    else:
        assert shared < position.offset or position.epoch not in {"top", *earlier}
        assert lineage.covers(Position(shared, position.epoch)) or shared == 0
