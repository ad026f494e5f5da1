"""Service processes as Redis sees them, and who watches who comes and goes."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from devkit.redis_server import RedisServer
from tests.waiting import until
from ws_service.broker.keys import Keys
from ws_service.hub.hub import Hub
from ws_service.hub.ledger import Ledger
from ws_service.hub.subscription import Subscription
from ws_service.protocol.lines import Lines
from ws_service.topics.history import History

TOPIC = "chat:7"
LEASE_S = 1.0
KEPT = History(1_000, timedelta(minutes=1))


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

    async def wait_for_room(self) -> bool:
        raise AssertionError("there was room")

    def lose_position(self, subscription: Subscription) -> None:
        raise AssertionError("the topics here have no positions")


Start = Callable[..., Awaitable[Hub]]


@asynccontextmanager
async def processes(server: RedisServer, keys: Keys) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def start(lease_s: float = LEASE_S) -> Hub:
            hub = Hub(server.url, keys, recovery_limit_bytes=100_000, lease_s=lease_s)
            hub.start()
            stack.push_async_callback(hub.close)
            return hub

        yield start


async def watch(hub: Hub, *, hears_members: bool = True, history: History | None = None) -> Watcher:
    watcher = Watcher()
    subscription = Subscription(TOPIC, watcher, hears_members=hears_members)
    await hub.subscribe(subscription, lambda _: None, history=history)
    return watcher


def info(client: str, user: str = "1") -> bytes:
    return json.dumps({"user": user, "client": client}).encode()


async def come(hub: Hub, *clients: str, topic: str = TOPIC, tells: bool = True) -> None:
    for client in clients:
        await hub.members.enter(topic, client, info(client), tells=tells)
        hub.members.announce(topic, client)
    await settled(hub)


async def shows(hub: Hub, *clients: str, topic: str = TOPIC) -> None:
    """Wait until exactly these are present."""
    present: dict[str, bytes] = {}
    deadline = asyncio.get_running_loop().time() + 10
    while set(present := await hub.members.present(topic)) != set(clients):
        assert asyncio.get_running_loop().time() < deadline, f"there were {sorted(present)}"
        await asyncio.sleep(0.02)


async def hears(watcher: Watcher, *heard: tuple[str, str]) -> None:
    await until(lambda: Counter(watcher.heard) == Counter(heard), lambda: f"{watcher.heard}")


def tasks(hub: Hub, *names: str) -> list[asyncio.Task[None]]:
    return [task for task in hub._tasks if task.get_name() in names]


def die(hub: Hub) -> None:
    """As if the process had been killed: Redis hears nothing more."""
    for task in tasks(hub, "lease", "reaper", "members"):
        task.cancel()
    hub.members._ledger = Ledger()
    hub.members._is_idle.set()
    hub._lease.incarnation = None


def stay_silent(hub: Hub) -> Callable[[], None]:
    """The process isn't heard until what is returned is called; then it goes on."""
    for task in tasks(hub, "lease", "reaper", "members"):
        task.cancel()

    def speak() -> None:
        for name, run in (("lease", hub._lease.run), ("members", hub.members.run)):
            hub._keep(asyncio.create_task(run(), name=name))

    return speak


async def settled(*hubs: Hub) -> None:
    """Wait until everything is written, and former incarnations are gone."""
    for hub in hubs:
        await until(lambda hub=hub: hub.members._is_idle.is_set())  # type: ignore[misc]
