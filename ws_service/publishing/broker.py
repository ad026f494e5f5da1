"""By what this process publishes and reads."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any, Final, Protocol

from django.core.signals import setting_changed

from ws_service.broker.connection import BlockingBroker
from ws_service.broker.keys import Keys
from ws_service.broker.position import Position
from ws_service.broker.scripts import (
    Call,
    StreamPart,
    publish_call,
    read_answer,
    read_call,
)
from ws_service.broker.steps import in_steps
from ws_service.conf import load_config
from ws_service.errors import BrokerNotConfigured
from ws_service.publishing.outgoing import Outgoing
from ws_service.redis_url import RedisUrl

PIPELINE_LIMIT: Final = 1_000
"""Publications of one round trip: others' commands get their turn in Redis between two."""

PIPELINE_LIMIT_BYTES: Final = 1_048_576
"""Of their payloads; one that is larger goes alone."""


class Publisher(Protocol):
    """What publishing needs; another one may stand in for Redis (``use_publisher``)."""

    def send(self, publications: Sequence[Outgoing]) -> list[Position]:
        """Publish, in this order for each topic; gives the positions, in the same order.

        Raises BrokerUnavailable: an unknown part of them may have been published then.
        """

    def read(self, topic: str, after: int, limit: int, *, reverse: bool = False) -> StreamPart:
        """Where a topic stands, and at most ``limit`` publications after (in reverse: before) an
        offset. Raises BrokerUnavailable.
        """

    def ask(self, call_for: Callable[[Keys], Call]) -> Any:
        """A script's answer. Raises BrokerUnavailable."""


class RedisPublisher:
    """Publishes to Redis. Forked workers and threads may share it."""

    def __init__(self, broker: BlockingBroker, keys: Keys) -> None:
        self._broker = broker
        self._keys = keys

    def send(self, publications: Sequence[Outgoing]) -> list[Position]:
        """One round trip for each partition, as far as the limits of a pipeline go.

        Of a topic, none is published that stands behind one that failed.
        """
        calls = [self._call(each) for each in publications]
        positions: dict[int, Position] = {}
        for numbers in self._by_partition(publications):
            for together in _pipelines(publications, numbers):
                steps = in_steps(
                    {number: calls[number] for number in together},
                    {number: publications[number].topic for number in together},
                )
                answers = self._broker.run_many([step.call for step in steps])
                for step, answer in zip(steps, answers, strict=True):
                    positions.update(zip(step.numbers, step.positions(answer), strict=True))
        return [positions[number] for number in range(len(calls))]

    def read(self, topic: str, after: int, limit: int, *, reverse: bool = False) -> StreamPart:
        call = read_call(self._keys, topic, after, limit, reverse=reverse)
        return read_answer(self._broker.run(call))

    def ask(self, call_for: Callable[[Keys], Call]) -> Any:
        return self._broker.run(call_for(self._keys))

    def close(self) -> None:
        self._broker.close()

    def _call(self, publication: Outgoing) -> Call:
        history = publication.history
        return publish_call(
            self._keys,
            publication.topic,
            publication.payload,
            history_size=history.size if history else 0,
            history_lifetime=history.ttl if history else timedelta(0),
            idempotency_key=publication.idempotency_key,
            extra=publication.extra,
        )

    def _by_partition(self, publications: Sequence[Outgoing]) -> Iterator[list[int]]:
        numbers: defaultdict[int, list[int]] = defaultdict(list)
        for number, publication in enumerate(publications):
            numbers[self._keys.partition_of(publication.topic)].append(number)
        yield from numbers.values()


def _pipelines(publications: Sequence[Outgoing], numbers: Sequence[int]) -> Iterator[list[int]]:
    together: list[int] = []
    size = 0
    for number in numbers:
        own_size = len(publications[number].payload) + len(publications[number].extra)
        if together and (len(together) >= PIPELINE_LIMIT or size + own_size > PIPELINE_LIMIT_BYTES):
            yield together
            together, size = [], 0
        together.append(number)
        size += own_size
    if together:
        yield together


_substitutes: Final[list[Publisher]] = []


def publisher() -> Publisher:
    """The process's publisher at present.

    Raises BrokerNotConfigured, InvalidSettings.
    """
    return _substitutes[-1] if _substitutes else _redis_publisher()


@contextmanager
def use_publisher(other: Publisher) -> Iterator[None]:
    """Let another one publish and read meanwhile, in all threads of the process; it nests."""
    _substitutes.append(other)
    try:
        yield
    finally:
        _substitutes.remove(other)


def close_publisher() -> None:
    """Let go of Redis; the next use makes a new client."""
    if _redis_publisher.cache_info().currsize:
        _redis_publisher().close()
        _redis_publisher.cache_clear()


@cache
def _redis_publisher() -> RedisPublisher:
    config = load_config()
    if config.redis_url is None:
        raise BrokerNotConfigured(config.why_no_redis)
    return RedisPublisher(
        BlockingBroker(config.redis_url, config.publish_timeout_s),
        Keys(config.key_prefix, RedisUrl.parse(config.redis_url).database),
    )


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting in ("WS_SERVICE", "CHANNEL_LAYERS"):
        _redis_publisher.cache_clear()


setting_changed.connect(_forget, dispatch_uid="ws_service.publishing")
