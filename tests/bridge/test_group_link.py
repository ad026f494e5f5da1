"""How the hub stands in groups of a stock channel layer, against a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
import redis
from channels.layers import get_channel_layer

from devkit.redis_server import RedisServer
from tests.bridge.conftest import STOCK
from ws_service.errors import BrokerUnavailable
from ws_service.hub import group_link
from ws_service.hub.group_link import GroupLink, LiveGroup, LiveGroups

LIMIT_S = 10.0


class Heard:
    """The doorbells of a link, by topic and payload."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    def __call__(self, topic: str, doorbell: bytes) -> None:
        self._queue.put_nowait((topic, doorbell.removeprefix(b"1 0 - ")))

    async def next(self) -> tuple[str, bytes]:
        async with asyncio.timeout(LIMIT_S):
            return await self._queue.get()


@pytest.fixture(params=STOCK)
async def layer(
    request: pytest.FixtureRequest, settings: Any, own_redis: RedisServer
) -> AsyncIterator[Any]:
    """The site's channel layer; its memberships expire after two seconds where they do."""
    config: dict[str, Any] = {"hosts": [{"address": own_redis.url, "socket_timeout": 15}]}
    if request.param == "core":
        config["group_expiry"] = 2
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": STOCK[request.param], "CONFIG": config}}
    layer = get_channel_layer()
    yield layer
    if request.param == "core":
        await layer.close_pools()
    else:
        await layer.flush()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def link(layer: Any, heard: Heard) -> AsyncIterator[GroupLink]:
    """Topics `t:…` over groups `g.…`, whose events are their `data`."""

    def find(topic: str) -> LiveGroup | None:
        kind, _, name = topic.partition(":")
        return LiveGroup(f"g.{name}", lambda event: event["data"].encode()) if kind == "t" else None

    link = GroupLink(LiveGroups("default", find), heard)
    yield link
    await link.close()


async def becomes(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():  # noqa: ASYNC110 - Redis has no event to wait for
            await asyncio.sleep(0.01)


async def test_events_come_under_their_topics_in_their_order(
    link: GroupLink, layer: Any, heard: Heard
) -> None:
    """Events don't say to which group they were sent."""
    await asyncio.gather(*(link.subscribe(f"t:{n}") for n in range(5)))
    for n in range(5):
        for text in "ab":
            await layer.group_send(f"g.{n}", {"type": "x", "data": f"{n}{text}"})
    got = sorted([await heard.next() for _ in range(10)], key=lambda each: each[0])
    assert got == [(f"t:{n}", f"{n}{text}".encode()) for n in range(5) for text in "ab"]


async def test_a_topic_of_its_own_needs_no_group(link: GroupLink) -> None:
    """Most topics of a site have none."""
    await link.subscribe("own:1")
    link.unsubscribe("own:1")


async def test_who_leaves_leaves_nothing_behind(
    link: GroupLink, layer: Any, own_redis: RedisServer, heard: Heard
) -> None:
    """A service that holds each topic for a minute must not grow for a month."""
    for _ in range(3):
        await asyncio.gather(*(link.subscribe(f"t:{n}") for n in range(20)))
        for n in range(20):
            link.unsubscribe(f"t:{n}")
    await link.subscribe("t:0")  # behind the one who is still leaving
    await layer.group_send("g.0", {"type": "x", "data": "1"})
    assert await heard.next() == ("t:0", b"1")
    await link.close()
    with redis.Redis(port=own_redis.port) as client:
        await becomes(lambda: client.pubsub_channels() == [])
        assert list(client.scan_iter("asgi:group:*")) == []
    # The core layer itself keeps an empty queue of who was cancelled while it read for all.
    if not hasattr(layer, "receive_buffer"):
        assert not any(map(len, (layer.channels, layer.groups)))


async def test_a_membership_is_renewed_before_it_expires(
    link: GroupLink, layer: Any, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The core layer forgets members after `group_expiry`, silently."""
    joined = []
    original = GroupLink._join_again

    async def join_again(*arguments: Any) -> None:
        await original(*arguments)
        joined.append(arguments)

    monkeypatch.setattr(group_link, "REJOIN_INTERVAL_S", 0.5)
    monkeypatch.setattr(GroupLink, "_join_again", join_again)
    await link.subscribe("t:1")
    await becomes(lambda: len(joined) >= 6)  # longer than two seconds
    await layer.group_send("g.1", {"type": "x", "data": "1"})
    assert await heard.next() == ("t:1", b"1")


async def test_a_redis_that_came_back_empty_is_told_again(
    link: GroupLink, layer: Any, own_redis: RedisServer, heard: Heard
) -> None:
    """The hub's own link to Redis notices that it was away; the layer may not."""
    await link.subscribe("t:1")
    with redis.Redis(port=own_redis.port) as client:
        client.flushall()
        link.rejoin()
        if hasattr(layer, "receive_buffer"):
            await becomes(lambda: client.exists("asgi:group:g.1") == 1)
    await layer.group_send("g.1", {"type": "x", "data": "1"})
    assert await heard.next() == ("t:1", b"1")


async def test_while_redis_is_away_joining_fails_in_time_and_later_succeeds(
    link: GroupLink, layer: Any, own_redis: RedisServer, heard: Heard
) -> None:
    """The client is told to try again, within the time for which it waits."""
    own_redis.stop()
    with pytest.raises(BrokerUnavailable):
        await link.subscribe("t:1")
    own_redis.start()
    await link.subscribe("t:1")
    await layer.group_send("g.1", {"type": "x", "data": "1"})
    assert await heard.next() == ("t:1", b"1")


@pytest.mark.parametrize("name", ["group", "groups, staying in"])
async def test_a_stray_cancellation_ends_no_membership(
    link: GroupLink, layer: Any, heard: Heard, name: str
) -> None:
    """A layer's time limit may escape into it; the topic would be deaf from then on."""
    await link.subscribe("t:a")
    (task,) = [each for each in asyncio.all_tasks() if each.get_name() == name]
    await becomes(lambda: task._fut_waiter is not None)
    task._fut_waiter.cancel()
    await becomes(lambda: bool(task.done() or task._fut_waiter))
    assert not task.done()
    for _ in range(50):  # what is sent while it comes back is lost, as the layer promises
        await layer.group_send("g.a", {"type": "x", "data": "1"})
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                assert await heard.next() == ("t:a", b"1")
                return
    raise AssertionError("it hears nothing any more")
