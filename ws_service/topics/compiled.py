"""A site's topics as data: what publishing needs to know of them where their code is not."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from ws_service.errors import UnreadableTopics
from ws_service.topics.history import History
from ws_service.topics.options import Recovery
from ws_service.topics.pattern import Pattern
from ws_service.topics.route import TopicRoute
from ws_service.topics.table import TopicTable
from ws_service.topics.topic import Topic

VERSION: Final = 1


class _Version(msgspec.Struct):
    version: int


class _Kept(msgspec.Struct):
    size: int
    ttl: float


class _Entry(msgspec.Struct, kw_only=True):
    """One route. What a later version adds, this one overlooks."""

    route: str
    regex: str
    name: str | None = None
    history: _Kept | None = None
    recovery: Recovery = "stream"
    presence: bool = False
    max_publication_size: int | None = None


class _Compiled(msgspec.Struct):
    version: int
    topics: list[_Entry]


def compiled(table: TopicTable) -> bytes:
    """The table in JSON, without its policies; the same bytes for the same table."""
    return msgspec.json.encode(_Compiled(VERSION, list(_entries(table))))


def topics_of(data: bytes) -> TopicTable:
    """The table that ``compiled()`` made; nobody may subscribe to its topics.

    Raises UnreadableTopics.
    """
    try:
        version = msgspec.json.decode(data, type=_Version).version
        if version != VERSION:
            raise UnreadableTopics(
                f"the service wrote its topics in version {version}, and this installation of"
                f" django-ws-service reads version {VERSION}: let both have the same"
            )
        entries = msgspec.json.decode(data, type=_Compiled).topics
        return TopicTable([_route(entry) for entry in entries])
    except (msgspec.MsgspecError, ValueError, OverflowError, re.error) as error:
        raise UnreadableTopics(f"the service's topics can't be read: {error}") from error


def _entries(table: TopicTable) -> Iterator[_Entry]:
    """All routes; then those that take any user's id once more, as the table asks them last."""
    for route in table:
        entry = _entry(table, route)
        # The name means the one that takes more: what it makes is found by either.
        yield entry if route.any_user is None else replace(entry, name=None)
    for route in table:
        if route.any_user is not None:
            yield replace(_entry(table, route), regex=route.any_user.regex.pattern)


def _entry(table: TopicTable, route: TopicRoute) -> _Entry:
    topic_class = route.topic_class
    # Of what only passes through a group nothing is kept (``Match.history``).
    only_passes = route.group is not None and table.has_live_groups
    history = None if only_passes else topic_class.history
    return _Entry(
        route=route.route,
        regex=route.regex,
        name=route.name,
        history=_Kept(history.size, history.ttl.total_seconds()) if history else None,
        recovery=topic_class.recovery,
        presence=topic_class.presence,
        max_publication_size=topic_class.max_publication_size,
    )


def _route(entry: _Entry) -> TopicRoute:
    kept = entry.history
    options = {
        "history": kept and History(kept.size, timedelta(seconds=kept.ttl)),
        "recovery": entry.recovery,
        "presence": entry.presence,
        "max_publication_size": entry.max_publication_size,
    }
    topic_class = type("WrittenTopic", (Topic,), options)
    pattern = Pattern.written(entry.route, entry.regex)
    return TopicRoute(entry.route, topic_class, entry.name, pattern)
