"""One publication on its way to Redis: everything is checked before anything is sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core.signals import setting_changed

from ws_service.conf import load_config
from ws_service.protocol.extra import encode_extra
from ws_service.publishing.idempotency import check_idempotency_key
from ws_service.publishing.payload import encode_payload
from ws_service.publishing.tags import checked_tags
from ws_service.topics import History, site_topics


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a publisher sends.

    payload: JSON in UTF-8, on one line.
    extra: what stands beside it in the publication, as ``encode_extra`` made it.
    history: how much is kept; None for nothing.
    idempotency_key: the caller's own; None recognises the repetitions of one call only.
    """

    topic: str
    payload: bytes
    extra: bytes
    history: History | None
    idempotency_key: str | None


def outgoing(
    topic: str,
    data: Any,
    *,
    tags: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
    skip_history: bool = False,
) -> Outgoing:
    """A publication of this data.

    skip_history: keep nothing of it, whatever the topic says: it has no position.

    Raises UnknownTopic, InvalidTopicName, InvalidPayload, PayloadTooLarge, InvalidTags,
    InvalidIdempotencyKey.
    """
    return outgoing_to_all(
        [topic], data, tags=tags, idempotency_key=idempotency_key, skip_history=skip_history
    )[0]


def outgoing_to_all(
    topics: Iterable[str],
    data: Any,
    *,
    tags: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
    skip_history: bool = False,
) -> list[Outgoing]:
    """As ``outgoing()``, the same data for each topic; it is encoded once."""
    matches = [site_topics().match(topic) for topic in topics]
    limits = [match.topic_class.max_publication_size or _limit_bytes() for match in matches]
    payload = encode_payload(data, min(limits, default=_limit_bytes()))
    if idempotency_key is not None:
        idempotency_key = check_idempotency_key(idempotency_key)
    extra = encode_extra(tags=checked_tags(tags or {}))
    return [
        Outgoing(
            match.name, payload, extra, None if skip_history else match.history, idempotency_key
        )
        for match in matches
    ]


@cache
def _limit_bytes() -> int:
    return load_config().publication_limit_bytes


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "WS_SERVICE":
        _limit_bytes.cache_clear()


setting_changed.connect(_forget, dispatch_uid="ws_service.publishing.outgoing")
