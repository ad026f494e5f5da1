"""What the scripts leave in Redis."""

from datetime import timedelta
from uuid import uuid4

import redis

from devkit.redis_server import RedisServer
from ws_service.broker.connection import BlockingBroker
from ws_service.broker.keys import Keys
from ws_service.broker.scripts import publish_call, read_answer, read_call

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
