"""``publish()`` and ``position()``."""

import logging
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any, overload

from asgiref.sync import sync_to_async
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.utils.asyncio import async_unsafe

from ws_service.broker.position import Position
from ws_service.broker.scripts import Call, publish_answer, publish_call, read_answer, read_call
from ws_service.errors import BrokerUnavailable
from ws_service.metrics import count
from ws_service.publishing.broker import Publisher, publisher
from ws_service.publishing.idempotency import check_idempotency_key
from ws_service.publishing.payload import encode_payload
from ws_service.signals import publish_failed
from ws_service.topics import site_topics

logger = logging.getLogger(__name__)


@overload
def publish(
    topic: str,
    data: Any,
    *,
    idempotency_key: str | None = None,
    on_commit: bool = True,
    using: str | None = None,
) -> Position | None: ...
@overload
def publish(
    topic: Iterable[str],
    data: Any,
    *,
    idempotency_key: str | None = None,
    on_commit: bool = True,
    using: str | None = None,
) -> list[Position] | None: ...
@async_unsafe("publish() waits for Redis: in asynchronous code, await apublish().")
def publish(
    topic: str | Iterable[str],
    data: Any,
    *,
    idempotency_key: str | None = None,
    on_commit: bool = True,
    using: str | None = None,
) -> Position | list[Position] | None:
    """Send data to everybody who is subscribed to a topic, now or after the transaction.

    topic: one name or several; the same data goes to each, one after the other.
    data: anything that Django's JSON encoder takes. It is encoded at once, so what it holds later
        doesn't matter.
    idempotency_key: a repetition with the same key within 5 minutes publishes nothing. Without
        one, only the repetitions of this very call are recognised.
    on_commit: True publishes after the transaction of the database ``using``, at once where none
        is open, never if it is rolled back; returns None. A failure is then logged, counted and
        sent as the signal ``publish_failed``: what has been saved stays a success. False publishes
        now and returns the position (or positions).

    Publications of one process and topic arrive in the order of the calls (of the commits).
    Blocks for ``WS_SERVICE["PUBLISH_TIMEOUT"]`` a topic at most. Safe for threads and forks.

    Raises UnknownTopic, InvalidTopicName, InvalidPayload, PayloadTooLarge, InvalidIdempotencyKey,
    at the call in any case; with ``on_commit=False`` also BrokerUnavailable.
    """
    names = list(topic) if isinstance(topic, Iterable) and not isinstance(topic, str) else [topic]
    source = publisher()
    payload = encode_payload(data, source.payload_limit_bytes)
    if idempotency_key is not None:
        check_idempotency_key(idempotency_key)
    calls = [_call(source, name, payload, idempotency_key) for name in names]
    if on_commit:
        for name, call in zip(names, calls, strict=True):
            _after_commit(partial(_publish_or_tell, source, name, call), using)
        return None
    positions = [publish_answer(source.broker.run(call)) for call in calls]
    return positions[0] if isinstance(topic, str) else positions


async def apublish(
    topic: str | Iterable[str],
    data: Any,
    *,
    idempotency_key: str | None = None,
    on_commit: bool = True,
    using: str | None = None,
) -> Position | list[Position] | None:
    """``publish()`` for asynchronous code: in the thread to which the transaction belongs."""
    call = partial(publish, idempotency_key=idempotency_key, on_commit=on_commit, using=using)
    return await sync_to_async(call, thread_sensitive=True)(topic, data)


@async_unsafe("position() waits for Redis: in asynchronous code, await aposition().")
def position(topic: str) -> Position:
    """Where a topic stands now.

    Ask *before* the first query of a view, and hand it to ``{% ws_topic … since=position %}``:
    what is published while the page is being made then reaches the page.

    Raises UnknownTopic, InvalidTopicName, BrokerUnavailable.
    """
    if site_topics().match(topic).history is None:
        return Position(0, "")
    source = publisher()
    part = read_answer(source.broker.run(read_call(source.keys, topic, after=0, limit=0)))
    return part.lineage.top


async def aposition(topic: str) -> Position:
    """``position()`` for asynchronous code."""
    return await sync_to_async(position, thread_sensitive=True)(topic)


def _call(source: Publisher, name: str, payload: bytes, idempotency_key: str | None) -> Call:
    history = site_topics().match(name).history
    return publish_call(
        source.keys,
        name,
        payload,
        history_size=history.size if history else 0,
        history_lifetime=history.ttl if history else timedelta(0),
        idempotency_key=idempotency_key,
    )


def _after_commit(publish_now: partial[None], using: str | None) -> None:
    alias = using or DEFAULT_DB_ALIAS
    # A gateway or a script may have no database: there is nothing to wait for then.
    if connections[alias].settings_dict["ENGINE"] == "django.db.backends.dummy":
        publish_now()
    else:
        transaction.on_commit(publish_now, using=alias, robust=True)


def _publish_or_tell(source: Publisher, name: str, call: Call) -> None:
    try:
        source.broker.run(call)
    except BrokerUnavailable as error:
        count("ws_service_publish_failures_total")
        logger.error("A publication to %r was lost after the commit: %s", name, error)
        # A receiver that raises is logged by Django.
        publish_failed.send_robust(sender=None, topic=name, error=error)
