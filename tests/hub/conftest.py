"""A hub on a real Valkey, a publisher, and subscribers that write down what they get."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

import pytest
import redis

from devkit.redis_server import RedisServer
from tests.hub.processes import KEPT, Start, processes
from tests.waiting import until
from ws_service.broker.connection import BlockingBroker
from ws_service.broker.keys import Keys
from ws_service.broker.position import Position
from ws_service.broker.scripts import publish_answer, publish_call
from ws_service.hub.hub import Attached, Hub
from ws_service.hub.subscription import Subscription
from ws_service.protocol.lines import Lines
from ws_service.topics.history import History

TOPIC = "orders:42"


@dataclass
class Listener:
    """A connection as the hub sees it."""

    numbers: list[int | str] = field(default_factory=list)
    frames: int = 0
    lost: list[Subscription] = field(default_factory=list)

    def deliver(self, lines: Lines) -> None:
        self.frames += 1
        for line in lines.text.split("\n"):
            self.numbers.append(json.loads(line)["push"]["pub"]["data"])

    def has_room(self, size_bytes: int) -> bool:
        return True

    async def wait_for_room(self) -> bool:
        raise AssertionError("there was room")

    def lose_position(self, subscription: Subscription) -> None:
        self.lost.append(subscription)


@dataclass
class Stage:
    """One deployment: its hub, and who publishes in it."""

    hub: Hub
    keys: Keys
    broker: BlockingBroker
    heard: list[bytes] = field(default_factory=list)

    def publish(self, *data: int | str, topic: str = TOPIC, size: int = 1_000) -> Position:
        for each in data:
            call = publish_call(
                self.keys,
                topic,
                json.dumps(each).encode(),
                history_size=size,
                history_lifetime=timedelta(minutes=1),
                idempotency_key=None,
            )
            position = publish_answer(self.broker.run(call))
        return position

    async def subscribe(
        self, since: Position | None = None, topic: str = TOPIC, history: History | None = KEPT
    ) -> tuple[Listener, Subscription, Attached]:
        listener = Listener()
        subscription = Subscription(topic, listener)
        answers: list[Attached] = []
        await self.hub.subscribe(subscription, answers.append, history=history, since=since)
        return listener, subscription, answers[0]

    def ring(self, offset: int, position: Position, number: int) -> None:
        """A doorbell that nobody published."""
        self.hub.ring(TOPIC, b"1 %d %b %d" % (offset, position.epoch.encode(), number))

    async def hears(self, listener: Listener, numbers: list[int | str]) -> None:
        await until(lambda: listener.numbers == numbers, lambda: f"{listener.numbers}")


@pytest.fixture
def keys() -> Keys:
    return Keys(f"test-{uuid4().hex[:8]}")


@pytest.fixture
def broker(redis_server: RedisServer) -> Iterator[BlockingBroker]:
    broker = BlockingBroker(redis_server.url, 2)
    yield broker
    broker.close()


@pytest.fixture
async def stage(
    redis_server: RedisServer, keys: Keys, broker: BlockingBroker
) -> AsyncIterator[Stage]:
    hub = Hub(redis_server.url, keys, recovery_limit_bytes=100_000)
    hub.start()
    yield Stage(hub, keys, broker)
    await hub.close()


@pytest.fixture
def deaf(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Call it, and no doorbell is heard any more."""

    def stop_hearing() -> None:
        monkeypatch.setattr(stage.hub._link, "ring", lambda *_: None)

    return stop_hearing


@pytest.fixture
async def start_hub(redis_server: RedisServer, keys: Keys) -> AsyncIterator[Start]:
    """``await start_hub()``: another service process, as far as Redis can tell."""
    async with processes(redis_server, keys) as start:
        yield start


@pytest.fixture
async def start_hub_apart(
    own_redis: RedisServer, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Start]:
    """The same, on a Valkey that the test may stop: not for long."""
    monkeypatch.setattr("ws_service.hub.members.HEARING_S", 1.0)
    async with processes(own_redis, keys) as start:
        yield start


@pytest.fixture
def raw(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """The shared Valkey itself."""
    with redis.Redis(port=redis_server.port) as client:
        yield client
