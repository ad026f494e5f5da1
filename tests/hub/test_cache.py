"""Topics of which only the present state counts: who comes back gets the latest publication."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import redis

from devkit.redis_server import RedisServer
from tests.hub.conftest import TOPIC, Listener, Stage
from tests.hub.processes import KEPT
from tests.waiting import until
from ws_service.broker.position import Position
from ws_service.broker.scripts import StreamPart
from ws_service.errors import Unrecoverable
from ws_service.hub.hub import Attached
from ws_service.hub.subscription import Subscription

ANYWHERE = Position(0, "")
"""What JavaScript's ``since: {}`` sends."""


async def come_back(
    stage: Stage, since: Position | None = ANYWHERE, **options: Any
) -> tuple[Listener, Subscription, Attached]:
    listener = Listener()
    subscription = Subscription(TOPIC, listener)
    answers: list[Attached] = []
    await stage.hub.subscribe(
        subscription, answers.append, history=KEPT, since=since, is_cache=True, **options
    )
    return listener, subscription, answers[0]


def data(attached: Attached) -> list[Any] | None:
    if attached.recovered is None:
        return None
    return [json.loads(each.json)["data"] for each in attached.recovered.publications]


@pytest.mark.parametrize("size", [1, 100])
async def test_who_comes_back_gets_the_latest_and_nothing_else(stage: Stage, size: int) -> None:
    """A price: the ones before it are of no interest."""
    at = stage.publish("a", "b", "c", size=size)
    for since in (ANYWHERE, Position(1, at.epoch), Position(2, ""), Position(1, "another")):
        _, _, attached = await come_back(stage, since)
        assert data(attached) == ["c"]
        assert attached.position == at


async def test_who_has_the_latest_gets_nothing(stage: Stage) -> None:
    """It would be shown twice."""
    at = stage.publish("a", "b", size=1)
    _, _, attached = await come_back(stage, at)
    assert data(attached) == []


async def test_who_does_not_ask_gets_what_follows(stage: Stage) -> None:
    """The page has rendered the state already."""
    stage.publish("a", size=1)
    listener, _, attached = await come_back(stage, None)
    assert attached.recovered is None
    stage.publish("b", size=1)
    await stage.hears(listener, ["b"])


async def test_nothing_was_ever_published(stage: Stage) -> None:
    """From the beginning on there is no gap; from anywhere else there is."""
    _, _, attached = await come_back(stage, ANYWHERE)
    assert data(attached) == []
    _, _, attached = await come_back(stage, Position(3, "gone"))
    assert data(attached) is None
    with pytest.raises(Unrecoverable):
        await come_back(stage, Position(3, "gone"), must_recover=True)


async def test_a_latest_publication_that_has_expired_is_a_gap_for_who_did_not_have_it(
    stage: Stage, redis_server: RedisServer
) -> None:
    """Nobody knows the present state then: the page must ask for it."""
    at = stage.publish("a", "b", size=1)
    with redis.Redis(port=redis_server.port) as client:
        client.delete(stage.keys.stream(TOPIC))
    assert data((await come_back(stage, Position(1, at.epoch)))[2]) is None
    assert data((await come_back(stage, at))[2]) == []


async def test_a_process_that_is_behind_gives_nobody_what_is_older(
    stage: Stage, deaf: Callable[[], None]
) -> None:
    """A client comes from another process, which has heard of more."""
    stage.publish("a", size=1)
    await come_back(stage)
    deaf()
    at = stage.publish("b", "c", size=1)
    _, _, attached = await come_back(stage, at)
    assert data(attached) == []
    assert attached.position == at


async def test_doorbells_that_were_lost_end_nobodys_subscription(
    stage: Stage, redis_server: RedisServer
) -> None:
    """What was missed in between is of no interest, and cannot be read any more."""
    listener, _, _ = await come_back(stage)
    with redis.Redis(port=redis_server.port) as client:
        before = stage.publish("a", size=1)
        await stage.hears(listener, ["a"])
        client.xtrim(stage.keys.stream(TOPIC), maxlen=0)
        client.hset(stage.keys.metadata(TOPIC), "offset", before.offset + 5)
    at = stage.publish("g", size=1)
    await stage.hears(listener, ["a", "g"])
    assert listener.lost == []
    assert at.offset == 7
    _, _, attached = await come_back(stage, before)
    assert data(attached) == ["g"]


async def test_the_latest_is_kept_in_the_process(stage: Stage, monkeypatch: Any) -> None:
    """After a deployment everybody comes back to the same price: one read, and one in memory."""
    stage.publish("a", "b", size=50)
    read_back: list[int] = []
    read = stage.hub._streams.read

    async def counted(topic: str, after: int, limit: int, **options: Any) -> StreamPart:
        if after == 1:  # else it is the hub that looks whether it is up to date
            read_back.append(limit)
        return await read(topic, after, limit, **options)

    monkeypatch.setattr(stage.hub._streams, "read", counted)
    for _ in range(10):
        assert data((await come_back(stage))[2]) == ["b"]
    assert read_back == [1]
    stage.publish("c", size=50)
    await until(lambda: stage.hub._topics[TOPIC].position.offset == 3)
    assert data((await come_back(stage))[2]) == ["c"]
    assert read_back == [1]
    assert stage.hub._topics.tail_memory.used == len('{"data":"c","offset":3}')
