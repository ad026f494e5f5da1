"""What the scripts leave in Redis."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis

from devkit.redis_server import RedisServer
from ws_service.broker.connection import BlockingBroker
from ws_service.broker.doorbell import PAYLOAD_LIMIT_BYTES, Doorbell, UnreadableDoorbell
from ws_service.broker.keys import Keys
from ws_service.broker.scripts import Publication, publish_call, read_answer, read_call

DAY_MS = 86_400_000


def test_reading_does_not_shorten_the_life_of_a_position(redis_server: RedisServer) -> None:
    """A history of 90 days needs its epoch as long; somebody looks at it every day."""
    keys = Keys(f"test-{uuid4().hex[:8]}")
    broker = BlockingBroker(redis_server.url, 2)
    with redis.Redis(port=redis_server.port) as client:
        broker.run(
            publish_call(
                keys,
                "t",
                b"1",
                history_size=10,
                history_lifetime=timedelta(days=90),
                idempotency_key=None,
            )
        )
        broker.run(read_call(keys, "t", 0, 10))
        assert client.pttl(keys.metadata("t")) > 89 * DAY_MS
        # One that was only ever looked at: whoever may ask can make as many as there are names.
        broker.run(read_call(keys, "new", 0, 0))
        assert DAY_MS / 2 < client.pttl(keys.metadata("new")) <= DAY_MS
    broker.close()


def test_any_offset_that_a_client_may_send_can_be_read_from(redis_server: RedisServer) -> None:
    """Lua's numbers have no exact text beyond fourteen digits."""
    keys = Keys(f"test-{uuid4().hex[:8]}")
    broker = BlockingBroker(redis_server.url, 2)
    for number in (b"1", b"2"):
        broker.run(
            publish_call(
                keys,
                "t",
                number,
                history_size=10,
                history_lifetime=timedelta(minutes=1),
                idempotency_key=None,
            )
        )
    for after in (0, 1, 2, 3, 2**53, 2**63 - 1):
        part = read_answer(broker.run(read_call(keys, "t", after, 10)))
        assert [each.offset for each in part.publications] == [1, 2][after:]
        part = read_answer(broker.run(read_call(keys, "t", after, 10, reverse=True)))
        expected = [n for n in (2, 1) if after == 0 or n < after]
        assert [each.offset for each in part.publications] == expected
    broker.close()


@pytest.mark.parametrize("history_size", [0, 10])
@pytest.mark.parametrize("extra", [b"", b'"tags":{"a":"b"}', b'"info":{"user":"1 2"}'])
@pytest.mark.parametrize("payload", [b"1", b'"a b"', b'"%b"' % (b"x" * PAYLOAD_LIMIT_BYTES)])
def test_stream_and_doorbell_tell_the_same(
    redis_server: RedisServer, payload: bytes, extra: bytes, history_size: int
) -> None:
    """What is heard and what is read later is one and the same publication."""
    keys = Keys(f"test-{uuid4().hex[:8]}")
    broker = BlockingBroker(redis_server.url, 2)
    with redis.Redis(port=redis_server.port) as client, client.pubsub() as listening:
        listening.subscribe(keys.doorbell("t"))
        assert listening.get_message(timeout=5)
        broker.run(
            publish_call(
                keys,
                "t",
                payload,
                history_size=history_size,
                history_lifetime=timedelta(minutes=1),
                idempotency_key=None,
                extra=extra,
            )
        )
        message: Any = listening.get_message(timeout=5)
        heard = Doorbell.parse(message["data"])
        entries: Any = client.xrange(keys.stream("t"))
    part = read_answer(broker.run(read_call(keys, "t", 0, 10)))
    broker.close()
    is_small = len(payload) + len(extra) <= PAYLOAD_LIMIT_BYTES or history_size == 0
    assert (heard.payload, heard.extra) == ((payload, extra) if is_small else (None, b""))
    # The version before knows 1 only, and reads the field d, which stands first.
    assert message["data"].startswith(b"2 " if extra and is_small else b"1 ")
    if history_size:
        assert part.publications == [Publication(1, payload, extra)]
        assert next(iter(entries[0][1].items())) == (b"d", payload)


@pytest.mark.parametrize(
    "message",
    [
        *(b"", b"1", b"3 1 e 1", b"1 x e 1", b"1 -1 e 1", b"2 1 e", b"2 1 e ", b"2 1 e x 1"),
        *(b"2 1 e 9 1", b"2 1 e -1 1", b"2 1 e %d 1" % 10**30, b"1 %d e 1" % 10**30),
    ],
)
def test_a_doorbell_that_can_not_be_read_is_said_to_be_one(message: bytes) -> None:
    """Then the hub looks into the stream; it must not end on it."""
    with pytest.raises(UnreadableDoorbell):
        Doorbell.parse(message)
