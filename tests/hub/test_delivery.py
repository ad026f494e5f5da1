"""From a doorbell to the subscribers: once, in order, shared."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import redis

from devkit.redis_server import RedisServer
from tests.hub.conftest import TOPIC, Stage
from tests.waiting import until
from ws_service.broker.doorbell import PAYLOAD_LIMIT_BYTES
from ws_service.broker.position import Position
from ws_service.broker.scripts import Call, StreamPart, script
from ws_service.errors import BrokerUnavailable
from ws_service.hub import renewal
from ws_service.metrics import counters


async def test_everybody_gets_every_publication_in_order(stage: Stage) -> None:
    """The reason for all of this."""
    first, _, _ = await stage.subscribe()
    second, _, _ = await stage.subscribe()
    stage.publish(*range(200))
    await stage.hears(first, list(range(200)))
    await stage.hears(second, list(range(200)))
    assert first.frames < 200, "what arrives together leaves together"


async def test_a_subscription_begins_where_the_topic_stands(stage: Stage) -> None:
    """The page knows from which number on it is live."""
    position = stage.publish(1, 2, 3)
    listener, _, attached = await stage.subscribe()
    assert attached.position == position
    stage.publish(4)
    await stage.hears(listener, [4])


async def test_a_doorbell_that_rings_twice_is_delivered_once(stage: Stage) -> None:
    """A Redis client may repeat what it has sent."""
    listener, _, _ = await stage.subscribe()
    position = stage.publish(1, 2)
    await stage.hears(listener, [1, 2])
    before = counters().get("ws_service_duplicates_dropped_total", 0)
    stage.ring(1, position, 1)
    stage.ring(2, position, 2)
    stage.publish(3)
    await stage.hears(listener, [1, 2, 3])
    assert counters()["ws_service_duplicates_dropped_total"] == before + 2


async def test_a_hole_is_filled_from_the_stream(stage: Stage, deaf: Callable[[], None]) -> None:
    """Pub/sub promises nothing: what it lost is in the stream."""
    listener, _, _ = await stage.subscribe()
    deaf()
    position = stage.publish(1, 2, 3)
    stage.ring(3, position, 3)
    await stage.hears(listener, [1, 2, 3])


async def test_the_last_doorbell_lost_is_found_by_the_change_index(
    stage: Stage, deaf: Callable[[], None]
) -> None:
    """No later doorbell would show the hole."""
    listener, _, _ = await stage.subscribe()
    deaf()
    stage.publish(1)
    await stage.hears(listener, [1])


async def test_a_foreign_epoch_is_not_believed_from_a_doorbell(stage: Stage) -> None:
    """It may be an old message that was delayed: the stream tells."""
    listener, _, attached = await stage.subscribe()
    stage.ring(1, Position(1, "abcdefabcdef"), 666)
    stage.publish(1)
    await stage.hears(listener, [1])
    assert listener.lost == []
    assert attached.position.epoch


async def test_an_unreadable_doorbell_makes_the_hub_look(
    stage: Stage, deaf: Callable[[], None]
) -> None:
    """A publisher of the next version speaks in another way: nothing is lost meanwhile."""
    listener, _, _ = await stage.subscribe()
    deaf()
    stage.publish(1)
    stage.hub.ring(TOPIC, b"2 what a later version says")
    await stage.hears(listener, [1])


async def test_a_large_publication_comes_from_the_stream(stage: Stage) -> None:
    """Pub/sub would send it to every process, wanted or not."""
    listener, _, _ = await stage.subscribe()
    large = "x" * 2 * PAYLOAD_LIMIT_BYTES
    stage.publish(1, large, 2)
    await stage.hears(listener, [1, large, 2])


async def test_who_has_left_gets_nothing_more(stage: Stage) -> None:
    """An unsubscribe is answered, and then it is quiet."""
    stays, _, _ = await stage.subscribe()
    leaves, subscription, _ = await stage.subscribe()
    stage.publish(1)
    await stage.hears(leaves, [1])
    stage.hub.unsubscribe(subscription)
    stage.publish(2)
    await stage.hears(stays, [1, 2])
    assert leaves.numbers == [1]


async def test_a_topic_without_history_passes_on_what_comes(stage: Stage) -> None:
    """A ticker that nobody needs yesterday's values of."""
    listener, _, attached = await stage.subscribe(topic="ticker", history=None)
    assert attached.position == Position(0, "")
    stage.publish(1, 2, topic="ticker", size=0)
    await stage.hears(listener, [1, 2])


async def test_frames_that_wait_in_this_turn_are_not_given_to_who_attaches_in_it(
    stage: Stage,
) -> None:
    """Its answer says where it stands; what was before must not come again after it."""
    early, _, _ = await stage.subscribe()
    position = stage.publish(1)
    await stage.hears(early, [1])
    stage.ring(2, Position(2, position.epoch), 2)  # on its way, not flushed
    late, _, attached = await stage.subscribe(since=Position(1, position.epoch))
    assert attached.recovered is not None
    assert [each.offset for each in attached.recovered.publications] == [2]
    await stage.hears(early, [1, 2])
    stage.ring(3, Position(3, position.epoch), 3)
    await stage.hears(late, [3])
    await stage.hears(early, [1, 2, 3])


async def test_a_topic_that_nobody_wants_lingers_and_is_forgotten(
    stage: Stage, redis_server: RedisServer
) -> None:
    """Who reconnects finds it; a process doesn't listen for ever to what nobody sees."""
    _, subscription, _ = await stage.subscribe()
    channel = stage.keys.doorbell(TOPIC)
    with redis.Redis(port=redis_server.port) as client:
        assert client.pubsub_numsub(channel) == [(channel.encode(), 1)]
        stage.hub.unsubscribe(subscription)
        topic = stage.hub._topics[TOPIC]
        assert topic.linger is not None
        topic.linger.fire()
        assert TOPIC not in stage.hub._topics
        await until(lambda: client.pubsub_numsub(channel) == [(channel.encode(), 0)])


async def test_a_doorbell_lost_while_the_store_is_being_read_is_found(
    stage: Stage, deaf: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reading may have come a moment too early, and the index names a change once."""
    listener, _, _ = await stage.subscribe()
    position = stage.publish(1)
    await stage.hears(listener, [1])
    deaf()
    read = stage.hub._streams.read
    asked = asyncio.Event()
    go_on = asyncio.Event()

    async def slow_read(*args: Any, **kwargs: Any) -> StreamPart:
        part = await read(*args, **kwargs)
        asked.set()
        await go_on.wait()
        return part

    monkeypatch.setattr(stage.hub._streams, "read", slow_read)
    stage.ring(9, position, 9)  # ahead: the store is read, and 2 is not there yet
    await asked.wait()
    stage.publish(2)
    seen = stage.hub._watcher._seen
    last = {partition: number for partition, (number, _) in seen.items()}
    await until(lambda: {p: n for p, (n, _) in seen.items()} != last)
    go_on.set()
    await stage.hears(listener, [1, 2])


async def test_what_is_held_here_does_not_expire_in_redis(
    stage: Stage, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that was open for days would be told of a gap by the first publication."""
    monkeypatch.setattr(renewal, "INTERVAL_S", 0.05)
    stage.hub._keep(asyncio.create_task(stage.hub._renewal.run()))
    listener, _, attached = await stage.subscribe()
    with redis.Redis(port=redis_server.port) as client:
        metadata = stage.keys.metadata(TOPIC)
        client.pexpire(metadata, 2_000)
        await until(lambda: client.pttl(metadata) > 3_600_000)
    assert stage.publish(1).epoch == attached.position.epoch
    await stage.hears(listener, [1])
    assert listener.lost == []


async def test_a_closed_hub_leaves_nothing_running(stage: Stage, deaf: Callable[[], None]) -> None:
    """A server that ends must not wait for it, or warn about it."""
    await stage.subscribe()
    deaf()
    position = stage.publish(1, 2)
    stage.ring(2, position, 2)  # being looked up
    before = asyncio.all_tasks()
    await stage.hub.close()
    left = [task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}]
    assert left == []
    assert len(before) > 1


async def test_a_failure_that_nobody_foresaw_leaves_no_topic_half_joined(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody who asked for the topic would be turned away until the process ends."""
    run_many = stage.hub._streams._broker.run_many

    async def fail(calls: Sequence[Call]) -> Any:
        if calls[0].script is not script("read"):  # of presence, which uses the same client
            return await run_many(calls)
        monkeypatch.setattr(stage.hub._streams._broker, "run_many", run_many)
        raise LookupError("nobody foresaw this")

    monkeypatch.setattr(stage.hub._streams._broker, "run_many", fail)
    with pytest.raises(BrokerUnavailable):
        await stage.subscribe()
    listener, _, _ = await stage.subscribe()
    stage.publish(1)
    await stage.hears(listener, [1])


async def test_a_reading_that_fails_as_nobody_foresaw_is_made_again(
    stage: Stage, deaf: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change index names a topic once."""
    listener, _, _ = await stage.subscribe()
    read = stage.hub._streams.read
    failures = iter([LookupError("nobody foresaw this"), asyncio.CancelledError()])

    async def fail(*args: Any, **kwargs: Any) -> StreamPart:
        if (failure := next(failures, None)) is not None:
            raise failure
        return await read(*args, **kwargs)

    monkeypatch.setattr(stage.hub._streams, "read", fail)
    deaf()
    stage.publish(1)
    await stage.hears(listener, [1])
