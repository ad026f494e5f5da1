"""Who comes back gets everything it missed, or the news that it can't."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import redis

from devkit.redis_server import RedisServer
from tests.hub.conftest import TOPIC, Stage
from tests.waiting import until
from ws_service.broker.position import Position
from ws_service.broker.scripts import StreamPart
from ws_service.errors import BrokerUnavailable
from ws_service.hub.hub import Attached
from ws_service.hub.topic import TRUSTED_FROM_S
from ws_service.topics.history import History


def offsets(attached: Attached) -> list[int] | None:
    if attached.recovered is None:
        return None
    return [each.offset for each in attached.recovered.publications]


async def test_what_was_missed_comes_from_the_tail(stage: Stage) -> None:
    """Nobody asks Redis when the process has it."""
    listener, _, _ = await stage.subscribe()
    position = stage.publish(1, 2, 3, 4)
    await stage.hears(listener, [1, 2, 3, 4])
    _, _, attached = await stage.subscribe(since=Position(1, position.epoch))
    assert offsets(attached) == [2, 3, 4]


async def test_what_was_missed_before_the_process_began_comes_from_the_stream(
    stage: Stage,
) -> None:
    """A restarted service has no tail."""
    position = stage.publish(*range(1, 11))
    _, _, attached = await stage.subscribe(since=Position(4, position.epoch))
    assert offsets(attached) == [5, 6, 7, 8, 9, 10]


async def test_many_who_come_back_together_cost_one_read(
    stage: Stage, redis_server: RedisServer
) -> None:
    """After a deployment everybody comes back at once."""
    position = stage.publish(*range(1, 51))
    await stage.subscribe()
    with redis.Redis(port=redis_server.port) as client:
        before = client.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"]
        found = await asyncio.gather(
            *(stage.subscribe(since=Position(7, position.epoch)) for _ in range(200))
        )
        after = client.info("commandstats")["cmdstat_evalsha"]["calls"]
    assert all(offsets(attached) == list(range(8, 51)) for _, _, attached in found)
    assert after - before <= 4, "one read, and what the watch asks meanwhile"


async def test_nothing_missed_is_a_recovery_of_nothing(stage: Stage) -> None:
    """The usual case after a short cut."""
    position = stage.publish(1, 2)
    _, _, attached = await stage.subscribe(since=position)
    assert offsets(attached) == []


async def test_a_position_from_before_the_history_is_a_gap(stage: Stage) -> None:
    """A part of what was missed would look like all of it."""
    position = stage.publish(*range(20), size=10)
    _, _, attached = await stage.subscribe(since=Position(5, position.epoch))
    assert attached.recovered is None
    assert attached.position == position
    _, _, attached = await stage.subscribe(since=Position(10, position.epoch))
    assert offsets(attached) == list(range(11, 21))


async def test_more_than_300_publications_are_a_gap(stage: Stage) -> None:
    """One message has to hold them all."""
    position = stage.publish(*range(302))
    _, _, attached = await stage.subscribe(since=Position(1, position.epoch))
    assert attached.recovered is None
    _, _, attached = await stage.subscribe(since=Position(2, position.epoch))
    assert offsets(attached) == list(range(3, 303))


async def test_more_bytes_than_half_the_send_buffer_are_a_gap(stage: Stage) -> None:
    """Else the answer alone would make the client a slow one."""
    large = int("9" * 4_000)
    position = stage.publish(*[large] * 40)
    _, _, attached = await stage.subscribe(since=Position(0, position.epoch))
    assert attached.recovered is None
    _, _, attached = await stage.subscribe(since=Position(20, position.epoch))
    assert offsets(attached) == list(range(21, 41))


async def test_a_client_that_is_ahead_of_this_process_is_believed_if_the_store_agrees(
    stage: Stage, deaf: Callable[[], None]
) -> None:
    """It comes from another process, which heard the doorbell earlier."""
    listener, _, _ = await stage.subscribe()
    deaf()
    position = stage.publish(1, 2)
    _, _, attached = await stage.subscribe(since=Position(2, position.epoch))
    assert offsets(attached) == []
    await stage.hears(listener, [1, 2])


async def test_a_client_that_is_ahead_of_the_store_has_a_gap(stage: Stage) -> None:
    """The store has lost what the client has seen."""
    position = stage.publish(1, 2)
    _, _, attached = await stage.subscribe(since=Position(3, position.epoch))
    assert attached.recovered is None


async def test_a_position_of_an_unknown_epoch_is_a_gap(stage: Stage) -> None:
    """Its offsets count something else."""
    stage.publish(1, 2)
    _, _, attached = await stage.subscribe(since=Position(1, "_"))
    assert attached.recovered is None


async def test_an_empty_epoch_means_any(stage: Stage) -> None:
    """A page that has state of its own starts from offset 0."""
    stage.publish(1, 2)
    _, _, attached = await stage.subscribe(since=Position(0, ""))
    assert offsets(attached) == [1, 2]


async def test_a_recovery_that_meets_a_new_epoch_is_no_gap(
    stage: Stage, redis_server: RedisServer, deaf: Callable[[], None]
) -> None:
    """A restart that lost nothing costs nobody anything."""
    at = stage.publish(*range(10))
    await stage.subscribe()
    another_server(stage, redis_server)
    deaf()
    new = stage.publish(10)
    assert new.epoch != at.epoch
    _, _, attached = await stage.subscribe(since=Position(5, at.epoch))
    assert offsets(attached) == [6, 7, 8, 9, 10, 11]


async def test_a_new_epoch_strands_subscribers_until_they_recover(
    stage: Stage, redis_server: RedisServer
) -> None:
    """Each one's own position decides, not the process's."""
    listener, subscription, _ = await stage.subscribe()
    at = stage.publish(1, 2)
    await stage.hears(listener, [1, 2])
    another_server(stage, redis_server)
    stage.publish(3)
    await until(lambda: listener.lost == [subscription])
    assert listener.numbers == [1, 2], "nothing of the new epoch before it is told"
    back, _, attached = await stage.subscribe(since=at)
    assert offsets(attached) == [3]
    stage.publish(4)
    await stage.hears(back, [4])


async def test_a_store_that_lost_writes_strands_who_has_seen_them(
    stage: Stage, redis_server: RedisServer
) -> None:
    """A Redis that came back from an older snapshot takes offsets back."""
    listener, subscription, _ = await stage.subscribe()
    stage.publish(1, 2)
    stream = stage.keys.stream(TOPIC)
    with redis.Redis(port=redis_server.port) as client:
        snapshot = client.dump(stream)
        at = stage.publish(3)
        await stage.hears(listener, [1, 2, 3])
        client.restore(stream, 0, snapshot, replace=True)
        client.hset(stage.keys.metadata(TOPIC), mapping={"offset": 2, "server": "another"})
    stage.publish(30)
    await until(lambda: listener.lost == [subscription])
    _, _, attached = await stage.subscribe(since=at)
    assert attached.recovered is None, "it has seen a publication that never was"
    _, _, attached = await stage.subscribe(since=Position(2, at.epoch))
    assert offsets(attached) == [3], "who was not that far has missed nothing"


def another_server(stage: Stage, redis_server: RedisServer) -> None:
    """As if the Redis had restarted since the last publication."""
    with redis.Redis(port=redis_server.port) as client:
        client.hset(stage.keys.metadata(TOPIC), "server", "another")


async def test_a_topic_that_is_forgotten_holds_no_memory_for_what_is_still_being_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the account of all tails would grow until every recovery reads the store."""
    _, subscription, _ = await stage.subscribe()
    position = stage.publish(*(f"{n}-{'x' * 1_000}" for n in range(50)))
    await until(lambda: stage.hub._topics[TOPIC].position == position)
    read = stage.hub._streams.read
    go_on = asyncio.Event()

    async def slow_read(*args: Any, **kwargs: Any) -> StreamPart:
        part = await read(*args, **kwargs)
        await go_on.wait()
        return part

    monkeypatch.setattr(stage.hub._streams, "read", slow_read)
    stage.ring(99, position, 99)
    topic = stage.hub._topics[TOPIC]
    stage.hub.unsubscribe(subscription)
    stage.hub._topics.forget(topic)
    assert stage.hub._topics.tail_memory.used == 0
    stage.publish("more")
    go_on.set()
    await until(lambda: topic.synchronising is None)
    assert stage.hub._topics.tail_memory.used == 0


async def test_thousands_of_topics_are_joined_together(
    stage: Stage, redis_server: RedisServer
) -> None:
    """After a restart of the service everybody comes back to everything at once."""
    topics = [f"room:{number}" for number in range(3_000)]
    with redis.Redis(port=redis_server.port) as client:
        client.script_flush()
        await asyncio.gather(*(stage.subscribe(topic=topic) for topic in topics))
    position = stage.publish(1, topic=topics[-1])
    _, _, attached = await stage.subscribe(topic=topics[-1], since=position)
    assert offsets(attached) == []


async def test_who_comes_after_a_rebase_is_not_told_what_was_read_before_it(
    stage: Stage, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow answer of Redis would make a gap of what the history still has."""
    old = stage.publish(*range(1, 101))
    await stage.subscribe()
    read = stage.hub._streams.read
    go_on = asyncio.Event()
    slow = iter([go_on])

    async def slow_read(*args: Any, **kwargs: Any) -> StreamPart:
        is_slow = next(slow, None)
        part = await read(*args, **kwargs)
        if is_slow:
            await is_slow.wait()
        return part

    monkeypatch.setattr(stage.hub._streams, "read", slow_read)
    early = asyncio.create_task(stage.subscribe(since=Position(90, old.epoch)))
    topic = stage.hub._topics[TOPIC]
    await until(lambda: topic.backfill is not None)
    another_server(stage, redis_server)
    new = stage.publish(*range(101, 111))
    await until(lambda: topic.position == new)
    late = asyncio.create_task(stage.subscribe(since=Position(97, old.epoch)))
    await until(lambda: late.done() or topic.waiting == 2)
    go_on.set()
    _, _, attached = await early
    assert offsets(attached) == list(range(91, 111))
    _, _, attached = await late
    assert offsets(attached) == list(range(98, 111))


async def test_what_a_store_says_that_lost_writes_is_no_gap(
    stage: Stage, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replica that lagged has the same epoch, until the first publication."""
    stage.publish(*range(1, 41))
    _, subscription, _ = await stage.subscribe()
    stage.hub.unsubscribe(subscription)
    topic = stage.hub._topics[TOPIC]
    at = topic.position
    with redis.Redis(port=redis_server.port) as client:
        stream, metadata = stage.keys.stream(TOPIC), stage.keys.metadata(TOPIC)
        for offset in range(31, 41):
            client.xdel(stream, f"{offset}-0")
        client.hset(metadata, "offset", 30)
    _, _, attached = await stage.subscribe(since=Position(20, at.epoch))
    assert offsets(attached) == list(range(21, 31))
    assert attached.position == Position(30, at.epoch)


def before_answers(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, act: Callable[[], Awaitable[None]]
) -> None:
    """Let something happen when Redis has answered a reading and nobody knows the answer yet."""
    read = stage.hub._streams.read

    async def read_and_act(*args: Any, **kwargs: Any) -> StreamPart:
        part = await read(*args, **kwargs)
        await act()
        return part

    monkeypatch.setattr(stage.hub._streams, "read", read_and_act)


async def test_a_tail_that_moved_on_while_the_store_was_read_is_no_gap(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory that others needed, or a burst, must not look like a history that is gone."""
    position = stage.publish(*range(1, 21))
    await stage.subscribe()
    topic = stage.hub._topics[TOPIC]

    async def burst() -> None:
        monkeypatch.undo()
        last = stage.publish(*range(21, 31))
        await until(lambda: topic.position == last)
        topic.tail.clear()

    before_answers(stage, monkeypatch, burst)
    _, _, attached = await stage.subscribe(since=Position(5, position.epoch))
    assert offsets(attached) == list(range(6, 31))


async def test_a_store_that_is_another_one_at_each_look_is_no_gap(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client is told to try again: a gap would make it load its page anew."""
    position = stage.publish(*range(1, 21))
    await stage.subscribe()
    topic = stage.hub._topics[TOPIC]

    async def rebase() -> None:
        topic.rebase(topic.lineage)

    before_answers(stage, monkeypatch, rebase)
    with pytest.raises(BrokerUnavailable, match="changes faster"):
        await stage.subscribe(since=Position(5, position.epoch))


@pytest.mark.parametrize("lifetime_s", [10, 60])
async def test_a_tail_is_trusted_for_half_the_life_of_its_history(
    stage: Stage, lifetime_s: int
) -> None:
    """Afterwards the store is asked, so that all processes say the same; a short life always is."""
    history = History(100, timedelta(seconds=lifetime_s))
    await stage.subscribe(history=history)
    topic = stage.hub._topics[TOPIC]
    before_s = asyncio.get_running_loop().time()
    topic.kept_until_s = 0.0
    topic.advance(1, b"1")
    is_trusted = topic.kept_until_s >= before_s + lifetime_s / 2
    assert is_trusted == (lifetime_s >= TRUSTED_FROM_S)


async def test_what_was_read_late_is_kept_no_longer_than_its_reading_says(
    stage: Stage, deaf: Callable[[], None], raw: redis.Redis
) -> None:
    """A process that was cut off for most of a history's life knows it for the rest only."""
    await stage.subscribe()
    topic = stage.hub._topics[TOPIC]
    deaf()
    position = stage.publish(1, 2, 3)
    raw.pexpire(stage.keys.stream(TOPIC), 5_000)
    await until(lambda: topic.position == position)
    assert topic.kept_until_s <= asyncio.get_running_loop().time() + 5


async def test_what_the_store_keeps_no_longer_is_not_recovered_from_the_tail(
    stage: Stage, raw: redis.Redis
) -> None:
    """A process that heard it would otherwise say something else than one that didn't."""
    await stage.subscribe()
    topic = stage.hub._topics[TOPIC]
    position = stage.publish(1, 2, 3)
    await until(lambda: topic.position == position)
    raw.delete(stage.keys.stream(TOPIC))  # its time is over,
    topic.kept_until_s = 0.0  # by the clock of the process, too
    _, _, attached = await stage.subscribe(since=Position(1, position.epoch))
    assert attached.recovered is None
    _, _, attached = await stage.subscribe(since=position)
    assert offsets(attached) == []


async def test_how_long_a_stream_lives_is_asked_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands who come back after a restart cost one reading, however short its life is."""
    history = History(100, timedelta(seconds=10))
    await stage.subscribe(history=history)
    position = stage.publish(1, 2, 3)
    topic = stage.hub._topics[TOPIC]
    await until(lambda: topic.position == position and topic.synchronising is None)
    topic.kept_until_s = 0.0
    read = stage.hub._streams.read
    readings = 0

    async def counted(*args: Any, **kwargs: Any) -> StreamPart:
        nonlocal readings
        readings += 1
        return await read(*args, **kwargs)

    monkeypatch.setattr(stage.hub._streams, "read", counted)
    for _ in range(5):
        _, _, attached = await stage.subscribe(since=Position(1, position.epoch), history=history)
        assert offsets(attached) == [2, 3]
    assert readings == 1
