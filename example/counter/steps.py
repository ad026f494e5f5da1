"""One step of the counter, told to both sides by ordinary synchronous code."""

import asyncio
import secrets
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from example.counter.models import Counter
from ws_service import publish, topic_name
from ws_service.errors import BrokerUnavailable

GROUP = "counter"
# Longer than a healthy Redis ever takes. Without it redis-py's own repetitions would hold a
# step back for several seconds.
SEND_LIMIT_S = 2.0
# A process repeats only its own steps; a counter that starts anew must not look like one.
_PROCESS = secrets.token_hex(8)


class RedisUnreachable(Exception):
    """The step was made, but can't be told now."""


def make_step(counter: Counter) -> None:
    """Count one further and keep it.

    The number is in the database before anybody is told: a page that shows what the database
    says, and asks for what came after, then never skips one.
    """
    counter.n += 1
    counter.save(update_fields=["n"])


def tell_step(counter: Counter) -> None:
    """Tell the counter's number to both sides; returns when Redis has taken it from both.

    May be repeated for the same number: the right-hand side gets it once, because the repetition
    carries the same key, and the left-hand page counts a number once. Raises RedisUnreachable.
    """
    try:
        async_to_sync(_group_send)({"type": "counter.step", "n": counter.n})
        topic = topic_name("counter", number=counter.pk)
        key = f"{topic}:{_PROCESS}:{counter.n}"
        publish(topic, {"n": counter.n}, idempotency_key=key, on_commit=False)
    except (RedisError, OSError, TimeoutError, BrokerUnavailable) as error:
        raise RedisUnreachable(str(error) or type(error).__name__) from error


async def _group_send(event: dict[str, Any]) -> None:
    async with asyncio.timeout(SEND_LIMIT_S):
        await get_channel_layer().group_send(GROUP, event)
