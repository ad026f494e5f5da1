"""Much at once: one round trip, in order, once."""

import itertools
import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from devkit.redis_server import RedisServer
from tests.publishing.conftest import Connect
from tests.publishing.store import Store
from ws_service import Position, apublish_many, position, publish, publish_many
from ws_service.broker.scripts import script
from ws_service.errors import BrokerUnavailable, InvalidIdempotencyKey, InvalidTags, UnknownTopic
from ws_service.metrics import counters
from ws_service.publishing import broker
from ws_service.signals import publish_failed

pytestmark = pytest.mark.django_db(transaction=True)


def now(publications: Any) -> Any:
    return publish_many(publications, on_commit=False)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many commands each write to Redis's sockets carried."""
    writes: list[int] = []
    send = redis.connection.AbstractConnection.send_packed_command

    def count(self: Any, command: Any, check_health: bool = True) -> None:
        data = command if isinstance(command, bytes) else b"".join(command)
        writes.append(data.count(b"\r\nEVALSHA\r\n"))
        send(self, command, check_health)

    monkeypatch.setattr(redis.connection.AbstractConnection, "send_packed_command", count)
    return writes


def test_many_topics_are_one_round_trip(store: Store, sent: list[int]) -> None:
    """A task that touches five hundred orders must not wait five hundred times."""
    now([("orders:1", "warm"), ("orders:2", "warm")])
    sent.clear()
    positions = now([(f"orders:{n}", n) for n in range(1, 501)])
    assert sent == [500]
    assert [at.offset for at in positions] == [2, 2, *[1] * 498]
    assert store.data("orders:500") == [500]


def test_several_topics_of_one_publication_are_one_round_trip(
    store: Store, sent: list[int]
) -> None:
    """The same way for publish()."""
    publish(["orders:1", "orders:2"], "warm", on_commit=False)
    sent.clear()
    publish([f"orders:{n}" for n in range(1, 101)], "x", on_commit=False)
    assert sent == [100]


def test_a_topic_gets_its_publications_in_the_order_in_which_they_stand(store: Store) -> None:
    """A state, and then the next one."""
    positions = now([(f"orders:{n % 3 + 1}", n) for n in range(2_500)])
    for topic in range(3):
        own = list(range(topic, 2_500, 3))
        assert [positions[n].offset for n in own] == list(range(1, len(own) + 1))
        assert store.data(f"orders:{topic + 1}") == own[-100:]


def test_a_round_trip_is_bounded(store: Store, sent: list[int]) -> None:
    """Redis serves others in between, and the answers fit into memory."""
    now([("orders:1", 0), ("orders:1", 0)])
    sent.clear()
    now((f"orders:{n}", n) for n in range(2_001))
    assert sent == [1_000, 1_000, 1]
    sent.clear()
    now([(f"orders:{n}", "x" * 60_000) for n in range(40)])
    assert sent == [17, 17, 6]


def test_what_one_topic_gets_is_few_commands(store: Store, sent: list[int]) -> None:
    """A hundred publications happen together; no more, because Redis serves nobody meanwhile."""
    now([("orders:1", 0), ("orders:1", 0)])
    sent.clear()
    now([("orders:1", n) for n in range(250)])
    assert sent == [3]


def test_nothing_is_nothing(store: Store) -> None:
    """A queryset that found no rows."""
    assert now([]) == []
    assert publish_many([]) is None


def test_topics_without_history_may_be_among_them(store: Store) -> None:
    """They have no position."""
    positions = now([("cursor:a", 1), ("orders:1", 1)])
    assert positions == [Position(0, ""), Position(1, position("orders:1").epoch)]


def test_a_mistake_in_one_publishes_none_and_is_named(store: Store) -> None:
    """After the first half nobody could take it back."""
    with pytest.raises(UnknownTopic) as unknown:
        publish_many([("orders:1", 1), ("order:1", 1)])
    assert unknown.value.__notes__ == ["It was number 1, from 0, of what publish_many() got."]
    with pytest.raises(InvalidIdempotencyKey):
        now([("orders:1", 1), ("orders:1", 1, "")])
    for mistake in ("ab", {"topic": 1}, ("orders:1",), 5, ("orders:1", 1, "k", 2)):
        with pytest.raises(TypeError, match="a publication is"):
            publish_many([("orders:1", 1), mistake])
    assert store.payloads("orders:1") == []


def test_each_may_have_its_key_and_a_repetition_publishes_what_is_missing(store: Store) -> None:
    """A task that ended half-way is run again."""
    rows = [(f"orders:{n}", n, f"task-7-{n}") for n in range(1, 7)]
    first = now(rows[:4])
    assert now(rows)[:4] == first
    assert [store.data(f"orders:{n}") for n in range(1, 7)] == [[n] for n in range(1, 7)]


def test_after_the_commit_it_is_one_round_trip_for_the_whole(store: Store, sent: list[int]) -> None:
    """One callback, however many."""
    now([("orders:9", "warm"), ("orders:8", "warm")])
    with transaction.atomic():
        sent.clear()
        assert publish_many([("orders:1", "a"), ("orders:2", "b"), ("orders:1", "c")]) is None
        assert sent == []
    assert sent == [2]
    assert store.data("orders:1") == ["a", "c"]


def test_what_is_lost_after_the_commit_is_told_for_each_topic(
    connect: Connect, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever repairs it wants names; the log wants one line."""
    connect(own_redis, PUBLISH_TIMEOUT=0.5)
    own_redis.stop()
    told: list[str] = []

    def hear(topic: str, **kwargs: object) -> None:
        told.append(topic)

    before = counters().get("ws_service_publish_failures_total", 0)
    publish_failed.connect(hear)
    try:
        publish_many([(f"orders:{n % 8 + 1}", n) for n in range(16)])
    finally:
        publish_failed.disconnect(hear)
    assert told == [f"orders:{n}" for n in range(1, 9)]
    assert counters()["ws_service_publish_failures_total"] == before + 16
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "16 publications to 'orders:1', 'orders:2'" in record.getMessage()
    assert "'orders:6'" not in record.getMessage()


@contextmanager
def losing(monkeypatch: pytest.MonkeyPatch, when: Callable[[int], bool]) -> Iterator[list[int]]:
    """The connection is lost while answers are read: those for which ``when`` says so."""
    numbers: list[int] = []
    parse = redis.client.Pipeline.parse_response

    def read(self: Any, connection: Any, *args: Any, **options: Any) -> Any:
        numbers.append(len(numbers))
        if when(numbers[-1]):
            raise redis.exceptions.ConnectionError("cut")
        return parse(self, connection, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(redis.client.Pipeline, "parse_response", read)
        yield numbers


@contextmanager
def meanwhile(
    monkeypatch: pytest.MonkeyPatch, commands: dict[int, Sequence[Any]]
) -> Iterator[None]:
    """Somebody else's commands come between the calls of the next pipeline: before those with
    these numbers, from 0.
    """
    add, execute = redis.client.Pipeline.evalsha, redis.client.Pipeline.execute
    numbers = itertools.count()
    theirs: set[int] = set()

    def evalsha(self: Any, *args: Any) -> Any:
        if command := commands.pop(next(numbers), None):
            theirs.add(len(self.command_stack))
            self.execute_command(*command)
        return add(self, *args)

    def run(self: Any, raise_on_error: bool = True) -> list[Any]:
        found = execute(self, raise_on_error)
        own = [answer for place, answer in enumerate(found) if place not in theirs]
        theirs.clear()
        return own

    with monkeypatch.context() as patch:
        patch.setattr(redis.client.Pipeline, "evalsha", evalsha)
        patch.setattr(redis.client.Pipeline, "execute", run)
        yield
    assert commands == {}, "the pipeline had fewer calls"


MANY = [(f"long:{'ab'[n % 2]}", n, f"run-7-{n}") for n in range(240)]


@pytest.mark.promise("much-at-once")
def test_what_stands_behind_a_refused_one_is_not_published_before_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis is out of memory for a moment; the advised repetition mends all of it."""
    now([("orders:1", "warm"), ("orders:2", "warm"), ("orders:2", "warm")])
    full, roomy = [("CONFIG", "SET", "maxmemory", size) for size in ("1", "0")]
    with meanwhile(monkeypatch, {1: full, 3: roomy}), pytest.raises(BrokerUnavailable) as refused:
        now(MANY)
    assert "maxmemory" in str(refused.value)
    now(MANY)
    assert store.data("long:a") == list(range(0, 240, 2))
    assert store.data("long:b") == list(range(1, 240, 2))


@pytest.mark.promise("much-at-once")
def test_a_topic_stops_at_its_first_failure(store: Store) -> None:
    """One that can't be published holds up those behind it, in its own topic only."""
    spoilt = store.keys.idempotency("long:a", f"given:{MANY[110][2]}")
    store.client.hset(spoilt, "no", "text")
    with pytest.raises(BrokerUnavailable):
        now(MANY)
    assert store.data("long:a") == list(range(0, 110, 2))
    assert store.data("long:b") == list(range(1, 240, 2))
    store.client.delete(spoilt)
    now(MANY)
    assert store.data("long:a") == list(range(0, 240, 2))


@pytest.mark.promise("much-at-once")
def test_scripts_that_are_forgotten_half_way_cost_no_order(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process loads them again in the very same moment."""
    now([("orders:1", "warm"), ("orders:2", "warm"), ("orders:2", "warm")])
    loaded = [("SCRIPT", "LOAD", script(name).text) for name in ("publish", "publish_many")]
    commands = {1: ("SCRIPT", "FLUSH"), 2: loaded[0], 3: loaded[1]}
    with meanwhile(monkeypatch, commands):
        positions = now(MANY)
    assert [at.offset for at in positions] == [n // 2 + 1 for n in range(240)]
    assert store.data("long:a") == list(range(0, 240, 2))


@pytest.mark.promise("much-at-once")
def test_a_connection_that_is_lost_on_the_way_back_publishes_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it has happened; only the answers are missing."""
    now([("orders:1", -1), ("orders:1", -1)])
    with losing(monkeypatch, lambda number: number == 0):
        positions = now([("orders:1", n) for n in range(50)])
    assert store.data("orders:1") == [-1, -1, *range(50)]
    assert [at.offset for at in positions] == list(range(3, 53))


def test_a_failure_in_the_middle_is_raised_and_the_rest_not_tried(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows how much of it has happened: the caller must."""
    now([("orders:1", -1), ("orders:1", -1)])
    with losing(monkeypatch, lambda number: number >= 12), pytest.raises(BrokerUnavailable):
        now([("orders:1", n) for n in range(3_000)])
    assert 1_002 <= int(store.metadata("orders:1")["offset"]) <= 2_002


def test_a_redis_that_hangs_is_given_up(connect: Connect, own_redis: RedisServer) -> None:
    """Also when it stops reading in the middle of a megabyte; what it got counts once."""
    store = connect(own_redis, PUBLISH_TIMEOUT=0.3)
    now([("orders:1", "before"), ("orders:2", "before")])
    os.kill(own_redis.pid, signal.SIGSTOP)
    try:
        with pytest.raises(BrokerUnavailable):
            now([("long:a", f"{n:02}" + "x" * 60_000, f"{n}") for n in range(30)])
    finally:
        os.kill(own_redis.pid, signal.SIGCONT)
    now([("long:a", f"{n:02}" + "x" * 60_000, f"{n}") for n in range(30)])
    assert [each[:2] for each in store.data("long:a")] == [f"{n:02}" for n in range(30)]


@given(st.lists(st.integers(1, 2 * broker.PIPELINE_LIMIT_BYTES), max_size=20), st.data())
def test_round_trips_are_bounded_and_keep_the_order(sizes: list[int], data: st.DataObject) -> None:
    """Whatever the sizes: no publication is left out, none is sent before an earlier one."""
    publications = [SimpleNamespace(payload=range(size), extra=b"") for size in sizes]
    numbers = sorted(data.draw(st.sets(st.integers(0, max(0, len(sizes) - 1)))) if sizes else [])
    trips = list(broker._pipelines(publications, numbers))  # type: ignore[arg-type]
    assert [number for trip in trips for number in trip] == numbers
    for trip in trips:
        size = sum(sizes[number] for number in trip)
        assert len(trip) == 1 or size <= broker.PIPELINE_LIMIT_BYTES
    for one, other in itertools.pairwise(trips):
        size = sum(sizes[number] for number in (*one, other[0]))
        assert size > broker.PIPELINE_LIMIT_BYTES, "no more round trips than there must be"


def test_a_redis_that_refuses_is_quoted_without_the_data(store: Store) -> None:
    """Error pages are read by many."""
    now([("orders:1", 1), ("orders:2", 1)])
    store.client.config_set("maxmemory", 1)
    try:
        with pytest.raises(BrokerUnavailable) as refused:
            now([("orders:1", "s3cret"), ("orders:2", "s3cret")])
    finally:
        store.client.config_set("maxmemory", 0)
    assert "maxmemory" in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_scripts_that_redis_has_forgotten_are_sent_again(
    connect: Connect, redis_server: RedisServer
) -> None:
    """A new server, or SCRIPT FLUSH, at any moment; our user need not be an administrator."""
    url = f"redis://narrow:any@127.0.0.1:{redis_server.port}/0"
    store = connect(redis_server, REDIS_URL=url)
    rights = ["+@all", "-@admin", "-script"]
    store.client.acl_setuser(
        "narrow", enabled=True, nopass=True, keys=["*"], channels=["*"], commands=rights
    )
    now([("orders:1", 1), ("orders:2", 1)])
    store.client.script_flush()
    assert [at.offset for at in now([("orders:1", 2), ("orders:2", 2)])] == [2, 2]
    assert store.data("orders:1") == store.data("orders:2") == [1, 2]


async def test_the_asynchronous_form_does_the_same(store: Store) -> None:
    """For asynchronous views and consumers."""
    positions = await apublish_many([("orders:1", 1), ("orders:1", 2)], on_commit=False)
    assert positions is not None
    assert [at.offset for at in positions] == [1, 2]


def test_another_publisher_may_stand_in(store: Store) -> None:
    """A site's tests want to see what would have been published, without a Redis."""
    seen: list[tuple[str, bytes]] = []

    class Capturing:
        def send(self, publications: Sequence[Any]) -> list[Position]:
            seen.extend((each.topic, each.payload) for each in publications)
            return [Position(len(seen), "test") for _ in publications]

    with broker.use_publisher(Capturing()):  # type: ignore[arg-type]
        publish("orders:1", {"a": 1})
        assert publish("orders:1", 2, on_commit=False) == Position(2, "test")
        publish_many([("orders:2", 3)])
    assert seen == [("orders:1", b'{"a":1}'), ("orders:1", b"2"), ("orders:2", b"3")]
    assert store.payloads("orders:1") == []


def test_tags_stand_beside_the_data(store: Store) -> None:
    """What it is about, without looking into it."""
    publish("orders:1", {"total": 5}, tags={"kind": "paid", "by": "ü"}, on_commit=False)
    ((_, fields),) = store.client.xrange(store.keys.stream("orders:1"))
    assert fields == {
        b"d": b'{"total":5}',
        b"x": '"tags":{"kind":"paid","by":"ü"}'.encode(),
    }


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ("kind", "not str"),
        ({"kind": 1}, "not int"),
        ({1: "a"}, "not int"),
        ({"": "a"}, "empty"),
        ({"a": "x" * 256}, "not 256"),
        ({"x" * 256: "a"}, "not 256"),
        ({"a": "\ud800"}, "UTF-8"),
        ({str(n): "a" for n in range(17)}, "not 17"),
    ],
)
def test_what_can_not_be_a_tag_is_said_at_the_call(store: Store, tags: Any, words: str) -> None:
    """After the commit nobody would hear of it."""
    with pytest.raises(InvalidTags, match=words):
        publish("orders:1", 1, tags=tags)
