"""``publish()`` and ``publish_many()``."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, overload

from asgiref.sync import sync_to_async
from django.utils.asyncio import async_unsafe

from ws_service.broker.position import Position
from ws_service.errors import BrokerUnavailable
from ws_service.publishing.broker import publisher
from ws_service.publishing.commit import publish_after_commit, tell_of_loss
from ws_service.publishing.outgoing import Outgoing, outgoing, outgoing_to_all
from ws_service.text import is_text, text_of


@overload
def publish(
    topic: str,
    data: Any,
    *,
    tags: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
    on_commit: bool = True,
    using: str | None = None,
) -> Position | None: ...
@overload
def publish(
    topic: Iterable[str],
    data: Any,
    *,
    tags: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
    on_commit: bool = True,
    using: str | None = None,
) -> list[Position] | None: ...
@async_unsafe("publish() waits for Redis: in asynchronous code, await apublish().")
def publish(
    topic: str | Iterable[str],
    data: Any,
    *,
    tags: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
    on_commit: bool = True,
    using: str | None = None,
) -> Position | list[Position] | None:
    """Send data to everybody who is subscribed to a topic, now or after the transaction.

    topic: one name or several; the same data goes to each, in one round trip.
    data: anything that Django's JSON encoder takes. It is encoded at once, so what it holds later
        doesn't matter.
    tags: up to 16 short texts by name, which subscribers get beside the data.
    idempotency_key: a repetition with the same key within 5 minutes publishes nothing. Without
        one, only the repetitions of this very call are recognised.
    on_commit: True publishes after the transaction of the database ``using``, at once where none
        is open, never if it is rolled back; returns None. A failure is then logged, counted and
        sent as the signal ``publish_failed``: what has been saved stays a success. False publishes
        now and returns the position (or positions).

    Publications of one process and topic arrive in the order of the calls (of the commits).
    Blocks for ``WS_SERVICE["PUBLISH_TIMEOUT"]`` at most, and as long again for each further
    thousand topics. Safe for threads and forks.

    Raises UnknownTopic, InvalidTopicName, InvalidPayload, PayloadTooLarge, InvalidTags,
    InvalidIdempotencyKey, at the call in any case; with ``on_commit=False`` also
    BrokerUnavailable: some or all of it may have been published all the same.
    """
    is_one = is_text(topic) or not isinstance(topic, Iterable)
    names = [text_of(topic)] if is_one else list(topic)
    try:
        publications = outgoing_to_all(names, data, tags=tags, idempotency_key=idempotency_key)
    except BrokerUnavailable as error:
        _topics_are_away(names, on_commit, error)
        return None
    positions = _publish(publications, on_commit, using)
    return positions[0] if is_one and positions else positions


async def apublish(
    topic: str | Iterable[str],
    data: Any,
    *,
    tags: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
    on_commit: bool = True,
    using: str | None = None,
) -> Position | list[Position] | None:
    """``publish()`` for asynchronous code: in the thread to which the transaction belongs."""
    call = partial(
        publish, tags=tags, idempotency_key=idempotency_key, on_commit=on_commit, using=using
    )
    return await sync_to_async(call, thread_sensitive=True)(topic, data)


@async_unsafe("publish_many() waits for Redis: in asynchronous code, await apublish_many().")
def publish_many(
    publications: Iterable[tuple[str, Any] | tuple[str, Any, str]],
    *,
    on_commit: bool = True,
    using: str | None = None,
) -> list[Position] | None:
    """Send much at once, in one round trip: ``publish_many([("orders:1", {…}), …])``.

    publications: topic and data of each, and its idempotency key if it has one; all of them are
        checked and encoded before the first is sent.
    on_commit, using: as for ``publish()``; a failure is one line in the log, and one signal for
        each topic.

    Publications of one topic arrive in the order in which they stand here, and behind one that
    fails none of its topic is published; between topics there is no order. It is no transaction:
    others' publications may come in between. Up to a thousand, or a MiB, are one round trip, which
    blocks for ``WS_SERVICE["PUBLISH_TIMEOUT"]`` at most.

    Raises what ``publish()`` raises. After BrokerUnavailable an unknown part has been published, of
    each topic the first ones: where it matters, give each its idempotency key and repeat the whole.
    """
    given = list(publications)
    try:
        made = [_outgoing(number, each) for number, each in enumerate(given)]
    except BrokerUnavailable as error:
        _topics_are_away([each[0] for each in given], on_commit, error)
        return None
    return _publish(made, on_commit, using)


async def apublish_many(
    publications: Iterable[tuple[str, Any] | tuple[str, Any, str]],
    *,
    on_commit: bool = True,
    using: str | None = None,
) -> list[Position] | None:
    """``publish_many()`` for asynchronous code: in the thread to which the transaction belongs."""
    call = partial(publish_many, on_commit=on_commit, using=using)
    return await sync_to_async(call, thread_sensitive=True)(publications)


def _outgoing(number: int, publication: Any) -> Outgoing:
    """Raises what ``outgoing()`` raises; a note says which one it was."""
    try:
        match publication:
            case [topic, data]:
                return outgoing(topic, data)
            case [topic, data, idempotency_key]:
                return outgoing(topic, data, idempotency_key=idempotency_key)
        raise TypeError("a publication is (topic, data) or (topic, data, idempotency_key)")
    except (TypeError, ValueError, LookupError) as error:
        error.add_note(f"It was number {number}, from 0, of what publish_many() got.")
        raise


def _topics_are_away(names: list[str], on_commit: bool, error: BrokerUnavailable) -> None:
    """Settings without topics mean those that the service has written into Redis; and that can't
    be read. What the site is about to save must not fail by it.
    """
    if not on_commit:
        raise error
    tell_of_loss(names, error)


def _publish(
    publications: list[Outgoing], on_commit: bool, using: str | None
) -> list[Position] | None:
    if on_commit:
        publish_after_commit(publications, using)
        return None
    return publisher().send(publications)
