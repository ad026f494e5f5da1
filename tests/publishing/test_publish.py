"""What a publication leaves in Redis, and what it tells its caller."""

import asyncio
import json
import os
import threading
from typing import Any

import pytest
import redis
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation

from tests.publishing.store import Store
from ws_service import Position, aposition, apublish, position, publish
from ws_service.errors import (
    BrokerNotConfigured,
    InvalidPayload,
    InvalidTopicName,
    PayloadTooLarge,
    UnknownTopic,
)

pytestmark = pytest.mark.django_db  # on_commit asks for the connection


def now(topic: Any, data: Any, **options: Any) -> Any:
    return publish(topic, data, on_commit=False, **options)


def test_offsets_count_from_one_within_an_epoch(store: Store) -> None:
    """By them clients know that nothing is missing."""
    positions = [now("orders:1", n) for n in range(3)]
    assert [at.offset for at in positions] == [1, 2, 3]
    assert len({at.epoch for at in positions}) == 1
    assert positions[0].epoch
    assert position("orders:1") == positions[-1]
    assert store.data("orders:1") == [0, 1, 2]
    assert store.offsets("orders:1") == [1, 2, 3]


def test_position_makes_an_epoch_before_the_first_publication(store: Store) -> None:
    """A page's position must not fit every later stream."""
    at = position("orders:1")
    assert at.offset == 0
    assert at.epoch
    assert position("orders:1") == at
    assert now("orders:1", "first") == Position(1, at.epoch)
    assert str(Position(5, "x")) == "5:x"


def test_several_topics_get_the_same_data(store: Store) -> None:
    """An order changes for its customer and for the warehouse."""
    positions = now(["orders:1", "orders:2"], {"state": "paid"})
    assert [at.offset for at in positions] == [1, 1]
    assert store.data("orders:1") == store.data("orders:2") == [{"state": "paid"}]
    assert now([], 1) == []
    assert [at.offset for at in now(iter(["orders:1"]), 1)] == [2]
    assert store.data("orders:1") == [{"state": "paid"}, 1]


def test_nobody_is_told_when_one_of_several_names_is_wrong(store: Store) -> None:
    """All or nothing, as far as it can be known before."""
    with pytest.raises(UnknownTopic):
        now(["orders:1", "order:2"], "x")
    assert store.payloads("orders:1") == []


def test_a_repetition_with_the_same_key_publishes_nothing(store: Store) -> None:
    """A task that is tried again."""
    first = now("orders:1", "a", idempotency_key="task-7")
    assert now("orders:1", "a", idempotency_key="task-7") == first
    assert now("orders:1", "b", idempotency_key="task-8").offset == 2
    assert now("orders:2", "a", idempotency_key="task-7").offset == 1
    assert store.data("orders:1") == ["a", "b"]


def test_a_key_is_kept_for_five_minutes_and_a_generated_one_for_one(store: Store) -> None:
    """Longer than anybody repeats; not for ever."""
    now("orders:1", "a", idempotency_key="task-7")
    given = store.keys.idempotency("orders:1", "given:task-7")
    now("orders:1", "b")
    (generated,) = [
        key
        for key in store.client.scan_iter(match=f"{store.prefix}:*:once:*", count=10_000)
        if key.decode() != given
    ]
    assert 240_000 < store.client.pttl(given) <= 300_000
    assert 0 < store.client.pttl(generated) <= 60_000


def test_a_topic_without_history_leaves_nothing_behind(store: Store) -> None:
    """And still reaches whoever listens."""
    with store.client.pubsub() as listener:
        listener.subscribe(store.keys.doorbell("cursor:a"))
        assert listener.get_message(timeout=5)["type"] == "subscribe"
        assert now("cursor:a", {"x": 1}) == Position(0, "")
        assert listener.get_message(timeout=5)["data"] == b'1 0 - {"x":1}'
    assert position("cursor:a") == Position(0, "")
    assert not store.client.exists(store.keys.stream("cursor:a"), store.keys.metadata("cursor:a"))


def test_a_large_payload_is_in_the_stream_and_not_in_the_doorbell(store: Store) -> None:
    """Pub/sub copies it to every process, wanted or not."""
    with store.client.pubsub() as listener:
        listener.subscribe(store.keys.doorbell("orders:1"))
        assert listener.get_message(timeout=5)["type"] == "subscribe"
        at = now("orders:1", "x" * 20_000)
        assert listener.get_message(timeout=5)["data"] == f"1 1 {at.epoch} ".encode()
    assert store.data("orders:1") == ["x" * 20_000]


def test_the_stream_keeps_what_the_topic_says(store: Store) -> None:
    """Redis must not grow with every publication."""
    for n in range(10):
        now("brief:a", n)
    assert store.offsets("brief:a") == [8, 9, 10]
    assert 0 < store.client.pttl(store.keys.stream("brief:a")) <= 60_000
    assert store.client.ttl(store.keys.metadata("brief:a")) > 29 * 86_400


def test_every_key_expires_or_is_one_of_a_kind(store: Store) -> None:
    """What nobody uses any more goes away by itself."""
    now("orders:1", 1)
    position("orders:2")
    lasting = {
        key.decode()
        for key in store.client.scan_iter(match=f"{store.prefix}:*", count=10_000)
        if store.client.ttl(key) == -1
    }
    assert lasting == {store.keys.changes(0), store.keys.change_number(0)}


@pytest.mark.parametrize(
    ("topic", "data", "error"),
    [
        ("order:1", 1, UnknownTopic),
        ("orders:x", 1, UnknownTopic),
        ("", 1, InvalidTopicName),
        ("orders:1\n", 1, InvalidTopicName),
        (b"orders:1", 1, InvalidTopicName),
        ("orders:1", float("nan"), InvalidPayload),
        ("orders:1", "x" * 70_000, PayloadTooLarge),
    ],
)
@pytest.mark.parametrize("on_commit", [True, False])
def test_mistakes_are_raised_at_the_call(
    store: Store, topic: Any, data: Any, error: type[Exception], on_commit: bool
) -> None:
    """After the commit nobody could mend them."""
    with pytest.raises(error):
        publish(topic, data, on_commit=on_commit)


def test_data_is_encoded_at_the_call(store: Store, django_capture_on_commit_callbacks: Any) -> None:
    """What happens to the dict before the commit is another story."""
    data = {"state": "paid"}
    with django_capture_on_commit_callbacks(execute=True):
        assert publish("orders:1", data) is None
        data["state"] = "changed"
        assert store.payloads("orders:1") == []
    assert store.data("orders:1") == [{"state": "paid"}]


def test_without_a_redis_the_settings_are_named(settings: Any, store: Store) -> None:
    """Not an address that nobody has written."""
    settings.WS_SERVICE = {"ROUTING": "publishing_routing"}
    with pytest.raises(BrokerNotConfigured, match="REDIS_URL"):
        now("orders:1", 1)
    settings.WS_SERVICE = {"ROUTNG": "x"}
    with pytest.raises(ImproperlyConfigured, match="ROUTNG"):
        now("orders:1", 1)


async def test_in_an_event_loop_publish_says_what_to_call_instead(store: Store) -> None:
    """It would stop everybody else in that loop."""
    with pytest.raises(SynchronousOnlyOperation, match="await apublish"):
        now("orders:1", 1)
    with pytest.raises(SynchronousOnlyOperation, match="await aposition"):
        position("orders:1")


async def test_the_asynchronous_forms_do_the_same(store: Store) -> None:
    """For asynchronous views and consumers."""
    before = await aposition("orders:1")
    at = await apublish("orders:1", "a", on_commit=False)
    assert at == Position(1, before.epoch)
    both = await apublish(["orders:1", "orders:2"], "b", on_commit=False, idempotency_key="k")
    assert [each.offset for each in both] == [2, 1]
    with pytest.raises(UnknownTopic):
        await apublish("order:1", "a")


async def test_many_asynchronous_publications_keep_their_numbers(store: Store) -> None:
    """None is lost when tasks publish side by side."""
    positions = await asyncio.gather(*(apublish("orders:1", n, on_commit=False) for n in range(50)))
    assert sorted(at.offset for at in positions) == list(range(1, 51))


def test_threads_share_one_publisher(store: Store) -> None:
    """Gunicorn's gthread worker."""
    positions: list[Position] = []

    def work() -> None:
        positions.extend(now("orders:1", n) for n in range(25))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(at.offset for at in positions) == list(range(1, 201))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_forked_workers_publish_with_connections_of_their_own(store: Store) -> None:
    """Gunicorn and Celery fork after the site was imported, and perhaps after it published."""
    now("orders:1", "before")
    pipes = [fork_and_publish(worker, 25) for worker in range(4)]
    mine = [now("orders:1", "parent").offset for _ in range(25)]
    theirs = [offset for pipe in pipes for offset in pipe()]
    assert sorted([1, *mine, *theirs]) == list(range(1, 127))
    assert all(offsets == sorted(offsets) for offsets in (mine,))


def fork_and_publish(worker: int, count: int) -> Any:
    """Publish in a child process; gives a function that waits for its offsets."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            offsets = [now("orders:1", worker).offset for _ in range(count)]
            os.write(writing, json.dumps(offsets).encode())
            status = 0
        finally:
            os._exit(status)  # nothing of pytest's may run twice
    os.close(writing)

    def offsets() -> list[int]:
        with os.fdopen(reading, "rb") as pipe:
            text = pipe.read()
        assert os.waitpid(pid, 0)[1] == 0
        return json.loads(text)

    return offsets


def test_a_key_may_be_any_text(store: Store) -> None:
    """Ids of other systems."""
    for key in ("a b", "ü🎉", "x:y\nz", "{braces}"):
        first = now("orders:1", key, idempotency_key=key)
        assert now("orders:1", key, idempotency_key=key) == first
    assert store.data("orders:1") == ["a b", "ü🎉", "x:y\nz", "{braces}"]


def test_a_script_that_redis_has_forgotten_is_sent_again(store: Store) -> None:
    """A new server, or SCRIPT FLUSH."""
    now("orders:1", 1)
    client: redis.Redis = store.client
    client.script_flush()
    assert now("orders:1", 2).offset == 2


def test_a_topic_has_a_size_of_its_own(store: Store) -> None:
    """A whiteboard takes pictures, a cursor two numbers."""
    assert now("roomy:a", "x" * 99_998).offset == 1
    for topic in ("roomy:a", ["orders:1", "roomy:a"], ["roomy:a", "narrow:a"]):
        with pytest.raises(PayloadTooLarge):
            now(topic, "x" * 99_999)
    assert now("narrow:a", "x" * 8).offset == 1
    with pytest.raises(PayloadTooLarge, match="11 bytes of JSON are more than 10"):
        publish("narrow:a", "x" * 9)
    assert store.payloads("orders:1") == []
