"""Publications that happen together are what each would have been alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
import redis

from devkit.redis_server import RedisServer
from ws_service.broker.connection import BlockingBroker
from ws_service.broker.keys import Keys
from ws_service.broker.position import Position
from ws_service.broker.scripts import Call, publish_answer, publish_call, read_answer, read_call
from ws_service.broker.steps import STEP_LIMIT, in_steps
from ws_service.errors import BrokerUnavailable

DAY_MS = 86_400_000
KINDS = (
    {"payload": b"1", "history_size": 10},
    {"payload": b'"a b"', "history_size": 10, "extra": b'"tags":{"a":"b"}'},
    {"payload": b"3", "history_size": 0},
    {"payload": b'"%b"' % (b"x" * 20_000), "history_size": 10},
    {"payload": b"5", "history_size": 2, "idempotency_key": "five"},
    {"payload": b"6", "history_size": 2, "idempotency_key": "five"},
    {"payload": b"7", "history_size": 0, "extra": b'"info":{}'},
    {"payload": b"8", "history_size": 10},
)


def call_for(keys: Keys, topic: str = "t", /, **options: object) -> Call:
    defaults = {"history_lifetime": timedelta(minutes=1), "idempotency_key": None}
    return publish_call(keys, topic, **{**defaults, **options})  # type: ignore[arg-type]


@pytest.fixture
def keys() -> Keys:
    return Keys(f"test-{uuid4().hex[:8]}")


@pytest.fixture
def broker(redis_server: RedisServer) -> Iterator[BlockingBroker]:
    broker = BlockingBroker(redis_server.url, 2)
    yield broker
    broker.close()


def test_stream_doorbells_and_answers_are_the_same(
    redis_server: RedisServer, keys: Keys, broker: BlockingBroker
) -> None:
    """Much at once is another way to send, never another thing to receive."""
    alone = replace(keys, prefix=f"{keys.prefix}-alone")
    calls = {number: call_for(keys, **kind) for number, kind in enumerate(KINDS)}
    (step,) = in_steps(calls, dict.fromkeys(calls, "t"))
    bells: list[list[bytes]] = []
    with redis.Redis(port=redis_server.port) as client, client.pubsub() as listening:
        for own in (keys, alone):
            listening.subscribe(own.doorbell("t"))
            assert listening.get_message(timeout=5)
        together = step.positions(broker.run(step.call))
        each = [publish_answer(broker.run(call_for(alone, **kind))) for kind in KINDS]
        for own in (keys, alone):
            epoch = read_answer(broker.run(read_call(own, "t", 0, 0))).lineage.top.epoch
            own_bells = [listening.get_message(timeout=5) for _ in range(len(KINDS) - 1)]
            bells.append([bell["data"].replace(epoch.encode(), b"e") for bell in own_bells if bell])
        lives = [client.pttl(own.metadata("t")) for own in (keys, alone)]
    assert [at.offset for at in together] == [at.offset for at in each]
    assert bells[0] == bells[1]
    assert min(lives) > 29 * DAY_MS
    parts = [read_answer(broker.run(read_call(own, "t", 0, 10))) for own in (keys, alone)]
    assert parts[0].publications == parts[1].publications


def test_what_was_published_alone_is_known_to_a_step(keys: Keys, broker: BlockingBroker) -> None:
    """A process of the release before has begun, one of this release repeats the whole."""
    calls = {
        n: call_for(keys, payload=b"%d" % n, history_size=9, idempotency_key=f"{n}")
        for n in range(4)
    }
    first = [publish_answer(broker.run(calls[n])) for n in range(2)]
    (step,) = in_steps(calls, dict.fromkeys(calls, "t"))
    assert step.positions(broker.run(step.call)) == [
        *first,
        *(Position(offset, first[0].epoch) for offset in (3, 4)),
    ]


def test_a_step_waits_for_the_one_before_it(keys: Keys, broker: BlockingBroker) -> None:
    """Else a refusal in between would cost the order."""
    numbers = range(STEP_LIMIT + 1)
    calls = {n: call_for(keys, payload=b"1", history_size=9) for n in numbers}
    first, second = in_steps(calls, dict.fromkeys(calls, "t"))
    with pytest.raises(BrokerUnavailable, match="OUTOFTURN"):
        broker.run(second.call)
    assert len(first.positions(broker.run(first.call))) == STEP_LIMIT
    assert [at.offset for at in second.positions(broker.run(second.call))] == [STEP_LIMIT + 1]
