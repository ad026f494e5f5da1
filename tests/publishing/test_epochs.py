"""Epochs: what a position is worth after Redis was restarted, replaced or short of memory."""

import pytest

from devkit.redis_server import RedisServer
from tests.faults import redis_restart
from tests.publishing.conftest import Connect
from tests.publishing.store import Store
from ws_service import Position, position, publish
from ws_service.broker.position import EPOCHS_REMEMBERED, Lineage

pytestmark = pytest.mark.django_db


def now(data: object) -> Position:
    at = publish("orders:1", data, on_commit=False)
    assert isinstance(at, Position)
    return at


def lineage(store: Store) -> Lineage:
    meta = store.metadata("orders:1")
    return Lineage.parse(int(meta["offset"]), meta["epoch"], meta["earlier"])


def test_a_restart_in_good_order_begins_an_epoch_and_offsets_go_on(
    connect: Connect, own_redis: RedisServer
) -> None:
    """Nothing was lost, which nobody can know: earlier positions count up to where it ended."""
    store = connect(own_redis)
    for n in range(3):
        last = now(n)
    redis_restart.whole(own_redis)
    assert position("orders:1") == last
    after = now("after")
    assert after.offset == 4
    assert after.epoch != last.epoch
    assert store.earlier("orders:1") == {last.epoch: 3}
    assert lineage(store).covers(last)
    assert not lineage(store).covers(Position(4, last.epoch))
    assert store.data("orders:1") == [0, 1, 2, "after"]


def test_after_lost_writes_a_position_in_what_was_lost_is_worth_nothing(
    connect: Connect, own_redis: RedisServer
) -> None:
    """Offset 4 comes twice, with different content: only the epoch tells them apart."""
    store = connect(own_redis)
    kept = [now(n) for n in range(3)][-1]
    lost: list[Position] = []
    redis_restart.stale(own_redis, lambda: lost.extend(now(f"lost {n}") for n in range(3)))
    assert position("orders:1") == kept
    assert not lineage(store).covers(lost[-1])
    again = now("again")
    assert again.offset == lost[0].offset == 4
    assert again.epoch != lost[0].epoch
    assert not any(lineage(store).covers(at) for at in lost)
    assert lineage(store).covers(kept)


def test_an_empty_redis_begins_from_one(connect: Connect, own_redis: RedisServer) -> None:
    """No earlier position fits."""
    store = connect(own_redis)
    before = now("before")
    redis_restart.empty(own_redis)
    after = now("after")
    assert after.offset == 1
    assert after.epoch != before.epoch
    assert not lineage(store).covers(before)


def test_only_the_last_epochs_are_remembered(store: Store) -> None:
    """A Redis that is restarted every night must not grow a topic's metadata without end."""
    ended: list[Position] = []
    for n in range(EPOCHS_REMEMBERED + 3):
        ended.append(now(n))
        store.change_server("orders:1")
    last = now("last")
    assert last.offset == len(ended) + 1
    kept = ended[-EPOCHS_REMEMBERED:]
    assert list(store.earlier("orders:1").items()) == [
        (at.epoch, at.offset) for at in reversed(kept)
    ]
    assert len({at.epoch for at in [*ended, last]}) == len(ended) + 1
    assert all(lineage(store).covers(at) for at in kept)
    assert not any(lineage(store).covers(at) for at in ended[:-EPOCHS_REMEMBERED])


@pytest.mark.parametrize("reads_first", [True, False])
def test_a_stream_without_metadata_is_nobodys(store: Store, reads_first: bool) -> None:
    """Redis was short of memory and evicted one key of two: offsets would begin again in it."""
    before = [now(n) for n in range(3)][-1]
    store.client.delete(store.keys.metadata("orders:1"))
    if reads_first:
        assert position("orders:1").offset == 0
        assert store.payloads("orders:1") == []
    after = now("after")
    assert after.offset == 1
    assert after.epoch != before.epoch
    assert store.data("orders:1") == ["after"]
    assert not lineage(store).covers(before)


def test_metadata_without_its_stream_keep_counting(store: Store) -> None:
    """Publications expire before the positions that count them."""
    before = [now(n) for n in range(3)][-1]
    store.client.delete(store.keys.stream("orders:1"))
    assert position("orders:1") == before
    assert now("after") == Position(4, before.epoch)


def test_a_position_is_asked_for_without_starting_an_epoch(store: Store) -> None:
    """Only a publication may take offsets back: looking changes nothing."""
    before = now("before")
    store.change_server("orders:1")
    assert position("orders:1") == before
    assert store.earlier("orders:1") == {}


def test_deployments_do_not_see_each_other(connect: Connect, redis_server: RedisServer) -> None:
    """Staging and production in one Redis, by prefix and by database number."""
    first = connect(redis_server)
    now("first")
    second = connect(redis_server, REDIS_URL=redis_server.url.removesuffix("0") + "1")
    assert now("second").offset == 1
    assert first.data("orders:1") == ["first"]
    assert second.payloads("orders:1") == []
    assert first.client.exists(first.keys.stream("orders:1"))
