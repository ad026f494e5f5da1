"""Who is subscribed: in every process, after every failure, and told at most once."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from devkit.redis_server import RedisServer
from tests.waiting import until
from ws_service.broker.connection import BlockingBroker
from ws_service.broker.keys import Keys
from ws_service.hub.hub import Hub
from ws_service.hub.subscription import Subscription
from ws_service.protocol.lines import Lines

TOPIC = "chat:7"
LEASE_S = 1.0


@dataclass
class Watcher:
    """A subscription that writes down everything in the order in which it came."""

    heard: list[tuple[str, str]] = field(default_factory=list)

    def deliver(self, lines: Lines) -> None:
        for line in lines.text.split("\n"):
            push = json.loads(line)["push"]
            for kind in ("join", "leave"):
                if kind in push:
                    self.heard.append((kind, push[kind]["info"]["client"]))
            if "pub" in push:
                self.heard.append(("pub", push["pub"]["data"]))

    def has_room(self, size_bytes: int) -> bool:
        return True

    async def wait_for_room(self) -> None:
        raise AssertionError("there was room")

    def lose_position(self, subscription: Subscription) -> None:
        """The tests here don't come back."""


Start = Callable[..., Awaitable[Hub]]


@pytest.fixture
def keys() -> Keys:
    return Keys(f"test-{uuid4().hex[:8]}")


@pytest.fixture
async def start(redis_server: RedisServer, keys: Keys) -> AsyncIterator[Start]:
    """``await start()``: another service process, as far as Redis can tell."""
    async with AsyncExitStack() as stack:

        async def start(server: RedisServer = redis_server, lease_s: float = LEASE_S) -> Hub:
            hub = Hub(server.url, keys, recovery_limit_bytes=100_000, lease_s=lease_s)
            hub.start()
            stack.push_async_callback(hub.close)
            return hub

        yield start


async def watch(hub: Hub, topic: str = TOPIC, hears_members: bool = True) -> Watcher:
    watcher = Watcher()
    subscription = Subscription(topic, watcher, hears_members=hears_members)
    await hub.subscribe(subscription, lambda _: None, has_history=False)
    return watcher


def info(client: str, user: str = "1") -> bytes:
    return json.dumps({"user": user, "client": client}).encode()


async def come(hub: Hub, *clients: str, topic: str = TOPIC, tells: bool = True) -> None:
    for client in clients:
        await hub.members.enter(topic, client, info(client), tells=tells)
        hub.members.announce(topic, client)


async def shows(hub: Hub, *clients: str, topic: str = TOPIC) -> None:
    """Wait until exactly these are present."""
    present: dict[str, bytes] = {}
    deadline = asyncio.get_running_loop().time() + 10
    while set(present := await hub.members.present(topic)) != set(clients):
        assert asyncio.get_running_loop().time() < deadline, f"there were {sorted(present)}"
        await asyncio.sleep(0.02)


async def hears(watcher: Watcher, *heard: tuple[str, str]) -> None:
    await until(lambda: Counter(watcher.heard) == Counter(heard), lambda: f"{watcher.heard}")


async def test_who_is_in_is_seen_in_every_process(start: Start) -> None:
    """A page asks its own process and means all of them."""
    here, there = await start(), await start()
    await here.members.enter(TOPIC, "a", info("a", "1"), tells=False)
    await there.members.enter(TOPIC, "b", info("b", "2"), tells=False)
    await there.members.enter(TOPIC, "c", info("c", "2"), tells=False)
    assert await here.members.present(TOPIC) == {
        "a": info("a"),
        "b": info("b", "2"),
        "c": info("c", "2"),
    }
    assert await there.members.stats(TOPIC) == (3, 2)
    there.members.leave(TOPIC, "b")
    await shows(here, "a", "c")


async def test_who_comes_and_goes_is_told_once(start: Start) -> None:
    """A list of names on a page is right without asking again."""
    here, there = await start(), await start()
    watcher, deaf = await watch(here), await watch(here, hears_members=False)
    await come(there, "a", "b")
    there.members.leave(TOPIC, "a")
    await hears(watcher, ("join", "a"), ("join", "b"), ("leave", "a"))
    assert deaf.heard == []
