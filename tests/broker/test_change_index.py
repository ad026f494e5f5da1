"""The index by which a process finds doorbells that were lost keeps its name and its numbers."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
import redis

from devkit.redis_server import RedisServer
from ws_service.broker import scripts
from ws_service.broker.connection import BlockingBroker
from ws_service.broker.keys import Keys
from ws_service.broker.scripts import Changes, changes_answer, changes_call, publish_call

KEPT = 20
KEPT_BEFORE = 30
"""What the release before keeps: more."""


class Index:
    """One deployment's change index."""

    def __init__(self, broker: BlockingBroker, raw: redis.Redis) -> None:
        self.keys = Keys(f"test-{uuid4().hex[:8]}")
        self._broker = broker
        self._raw = raw

    def publish(self, topic: str) -> None:
        call = publish_call(
            self.keys,
            topic,
            b"1",
            history_size=5,
            history_lifetime=timedelta(minutes=1),
            idempotency_key=None,
        )
        self._broker.run(call)

    def publish_as_before(self, topic: str) -> None:
        """As the release before notes a change."""
        number = self._raw.incr(self.keys.change_number(0))
        self._raw.zadd(self.keys.changes(0), {topic: number})
        self._raw.zremrangebyrank(self.keys.changes(0), 0, -1 - KEPT_BEFORE)

    def changes(self, after: int = 0) -> Changes:
        return changes_answer(self._broker.run(changes_call(self.keys, 0, after, 1_000)))


@pytest.fixture
def index(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    monkeypatch.setattr(scripts, "CHANGES_KEPT", KEPT)
    broker = BlockingBroker(redis_server.url, 2)
    with redis.Redis(port=redis_server.port) as raw:
        yield Index(broker, raw)
    broker.close()


def test_the_name_is_no_change(index: Index) -> None:
    """Nobody publishes under it, and no topic can have it."""
    index.publish("a")
    assert [each.topic for each in index.changes().topics] == ["a"]
    assert index.changes(1).topics == []


def test_the_name_stays_whatever_is_published(index: Index) -> None:
    """Each other name makes every process compare all that it holds."""
    name = index.changes().identity
    for number in range(3 * KEPT):
        index.publish(f"t{number}")
    changes = index.changes()
    assert changes.identity == name
    assert changes.forgotten == 2 * KEPT
    assert [each.number for each in changes.topics] == list(range(2 * KEPT + 1, 3 * KEPT + 1))


def test_publishers_of_the_release_before_leave_the_name(index: Index) -> None:
    """While a release rolls out, both publish; the index may be full for years."""
    for number in range(2 * KEPT_BEFORE):
        index.publish_as_before(f"t{number}")
    name = index.changes().identity
    for number in range(3 * KEPT_BEFORE):
        index.publish_as_before(f"more-{number}")
        assert index.changes().identity == name


def test_an_index_that_was_full_before_it_had_a_name_says_what_it_forgot(index: Index) -> None:
    """Publishing spares the first entry, which may be an old one: it says nothing of the next."""
    for number in range(3 * KEPT):
        index.publish(f"t{number}")
    changes = index.changes()
    assert changes.forgotten == 2 * KEPT
    assert len(changes.topics) == KEPT


def test_a_counter_that_was_evicted_goes_on(index: Index) -> None:
    """Numbers that a process has seen must not come again, nor may the last one seem to be gone."""
    for topic in "abc":
        index.publish(topic)
    index._raw.delete(index.keys.change_number(0))
    assert index.changes(3).last == 3
    index.publish("d")
    assert [(each.topic, each.number) for each in index.changes(3).topics] == [("d", 4)]
