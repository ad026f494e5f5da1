"""Where a topic stands, and what is kept of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.utils.asyncio import async_unsafe

from ws_service.broker.position import Position
from ws_service.broker.scripts import Publication, StreamPart
from ws_service.errors import NotAvailable, Unrecoverable
from ws_service.protocol.extra import decode_extra
from ws_service.publishing.broker import publisher
from ws_service.publishing.client_info import ClientInfo, decode_client_info
from ws_service.topics import site_topics

READ_AT_ONCE: Final = 300
"""Publications of one answer of Redis; a longer history is read a part at a time."""


@dataclass(frozen=True, slots=True)
class HistoryPublication:
    """One publication, as it is kept.

    data: as ``json`` reads it. info: the client that published it, None for the site's own.
    """

    data: Any
    offset: int
    info: ClientInfo | None
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """publications: oldest first, unless asked in reverse. position: where the topic stands."""

    publications: list[HistoryPublication]
    position: Position


@async_unsafe("position() waits for Redis: in asynchronous code, await aposition().")
def position(topic: str) -> Position:
    """Where a topic stands now.

    Ask *before* the first query of a view, and hand it to ``{% ws_topic … since=position %}``:
    what is published while the page is being made then reaches the page.

    Raises UnknownTopic, InvalidTopicName, BrokerUnavailable.
    """
    match = site_topics().match(topic)
    if match.history is None:
        return Position(0, "")
    return publisher().read(match.name, after=0, limit=0).lineage.top


async def aposition(topic: str) -> Position:
    """``position()`` for asynchronous code."""
    return await sync_to_async(position, thread_sensitive=True)(topic)


@async_unsafe("get_history() waits for Redis: in asynchronous code, await aget_history().")
def get_history(
    topic: str,
    *,
    limit: int = READ_AT_ONCE,
    since: Position | None = None,
    reverse: bool = False,
) -> HistoryPage:
    """What is kept of a topic: the oldest first, or in reverse the newest.

    limit: how many at most; more than the topic's ``history`` keeps there never are. 0 asks for
        the position alone.
    since: only what was published after it; in reverse, before it. What is kept no longer is left
        out without a word: compare the first offset.

    Without a gap in between, also while others publish. Blocks for
    ``WS_SERVICE["PUBLISH_TIMEOUT"]`` at most for each 300.

    Raises NotAvailable for a topic without history, Unrecoverable for a ``since`` of which Redis
    knows nothing (any more), UnknownTopic, InvalidTopicName, BrokerUnavailable.
    """
    part = read_history(topic, limit=limit, since=since, reverse=reverse)
    return HistoryPage([_publication(each) for each in part.publications], part.lineage.top)


async def aget_history(
    topic: str,
    *,
    limit: int = READ_AT_ONCE,
    since: Position | None = None,
    reverse: bool = False,
) -> HistoryPage:
    """``get_history()`` for asynchronous code."""
    call = sync_to_async(get_history, thread_sensitive=True)
    return await call(topic, limit=limit, since=since, reverse=reverse)


def read_history(
    topic: str,
    *,
    limit: int = READ_AT_ONCE,
    since: Position | None = None,
    reverse: bool = False,
) -> StreamPart:
    """As ``get_history()``; the payloads as they are kept."""
    match = site_topics().match(topic)
    topic, history = match.name, match.history
    if history is None:
        raise NotAvailable(f"nothing is kept of {topic!r}: its class has history = None")
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise ValueError(f"limit is {limit!r}: a whole number from 0 on")
    if reverse and since is not None and since.offset == 0:
        limit = 0  # nothing is before the first
    wanted = min(limit, history.size)
    part = publisher().read(
        topic, since.offset if since else 0, min(wanted, READ_AT_ONCE), reverse=reverse
    )
    if since is not None and not _is_known(part, since):
        raise Unrecoverable(f"nothing is known of {topic!r} at {since}")
    return _the_rest_of(part, topic, wanted, reverse=reverse)


def _is_known(part: StreamPart, since: Position) -> bool:
    # One ahead of the topic is none of another epoch: nothing follows it yet.
    return since.epoch in ("", part.lineage.top.epoch) or part.lineage.covers(since)


def _the_rest_of(first: StreamPart, topic: str, wanted: int, *, reverse: bool) -> StreamPart:
    found, part = list(first.publications), first
    while len(part.publications) >= READ_AT_ONCE and len(found) < wanted:
        before = Position(found[-1].offset, part.lineage.top.epoch)
        limit = min(wanted - len(found), READ_AT_ONCE)
        part = publisher().read(topic, before.offset, limit, reverse=reverse)
        if not part.lineage.covers(before):
            raise Unrecoverable(f"the history of {topic!r} was lost while it was read")
        if not reverse and part.publications and part.publications[0].offset > before.offset + 1:
            found.clear()  # trimmed meanwhile: what was read before is no longer kept either
        found += part.publications
    # In reverse it begins with the newest, at the position of that reading.
    return StreamPart((first if reverse else part).lineage, found)


def _publication(kept: Publication) -> HistoryPublication:
    extra = decode_extra(kept.extra)
    info = bytes(extra.info)
    return HistoryPublication(
        json.loads(kept.payload),
        kept.offset,
        decode_client_info(info) if info else None,
        extra.tags,
    )
