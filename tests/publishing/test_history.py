"""What a topic keeps, as the site's own code reads it."""

from typing import Any

import pytest

from tests.publishing.store import Store
from ws_service import (
    HistoryPage,
    Position,
    aget_history,
    apublish,
    get_history,
    position,
    publish,
    publish_many,
)
from ws_service.broker.scripts import StreamPart
from ws_service.errors import InvalidTopicName, NotAvailable, UnknownTopic, Unrecoverable
from ws_service.protocol.extra import encode_extra
from ws_service.publishing import history
from ws_service.publishing.broker import RedisPublisher, publisher
from ws_service.publishing.client_info import ClientInfo
from ws_service.publishing.outgoing import Outgoing
from ws_service.topics import History

pytestmark = pytest.mark.django_db


def fill(topic: str, count: int) -> Position:
    positions = publish_many([(topic, n) for n in range(1, count + 1)], on_commit=False)
    assert positions is not None
    return positions[-1]


def offsets(page: HistoryPage) -> list[int]:
    return [each.offset for each in page.publications]


def test_it_is_read_oldest_first_or_newest_first(store: Store) -> None:
    """A page without JavaScript shows the last ten."""
    at = fill("orders:1", 20)
    page = get_history("orders:1")
    assert [(each.data, each.offset) for each in page.publications] == [
        (n, n) for n in range(1, 21)
    ]
    assert page.position == at
    assert offsets(get_history("orders:1", limit=3)) == [1, 2, 3]
    assert offsets(get_history("orders:1", limit=3, reverse=True)) == [20, 19, 18]
    assert get_history("orders:1", limit=0) == HistoryPage([], at)


def test_since_is_a_position_that_somebody_was_given(store: Store) -> None:
    """After it, or in reverse before it."""
    at = fill("orders:1", 20)
    for epoch in (at.epoch, ""):
        since = Position(17, epoch)
        assert offsets(get_history("orders:1", since=since)) == [18, 19, 20]
        assert offsets(get_history("orders:1", since=since, limit=2)) == [18, 19]
        assert offsets(get_history("orders:1", since=since, limit=2, reverse=True)) == [16, 15]
    assert offsets(get_history("orders:1", since=at)) == []
    assert offsets(get_history("orders:1", since=Position(0, at.epoch), reverse=True)) == []
    assert offsets(get_history("orders:1", since=Position(99, at.epoch))) == []
    with pytest.raises(Unrecoverable):
        get_history("orders:1", since=Position(5, "another"))


def test_a_since_of_an_earlier_epoch_counts_as_far_as_it_went(store: Store) -> None:
    """A restart of Redis that lost nothing costs nobody anything."""
    before = fill("orders:1", 5)
    store.change_server("orders:1")
    publish("orders:1", 6, on_commit=False)
    assert offsets(get_history("orders:1", since=Position(4, before.epoch))) == [5, 6]
    with pytest.raises(Unrecoverable):
        get_history("orders:1", since=Position(6, before.epoch))


def test_who_published_and_the_tags_are_told(store: Store) -> None:
    """A chat's history has names."""
    publish("orders:1", "site", tags={"kind": "note"}, on_commit=False)
    extra = encode_extra(b'{"user":"42","client":"abc","chan_info":{"name":"Ada"}}')
    publisher().send([Outgoing("orders:1", b'"client"', extra, History(), None)])
    site, client = get_history("orders:1").publications
    assert (site.data, site.info, site.tags) == ("site", None, {"kind": "note"})
    info = ClientInfo("42", "abc", chan_info={"name": "Ada"})
    assert (client.data, client.info, client.tags) == ("client", info, {})


@pytest.mark.parametrize("reverse", [False, True])
def test_a_long_history_is_read_a_part_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch, reverse: bool
) -> None:
    """No answer of Redis is larger than three hundred publications."""
    limits: list[int] = []
    read = RedisPublisher.read

    def counted(self: Any, topic: str, after: int, limit: int, **options: Any) -> StreamPart:
        limits.append(limit)
        return read(self, topic, after, limit, **options)

    monkeypatch.setattr(RedisPublisher, "read", counted)
    at = fill("long:a", 1_000)
    everything = list(range(1_000, 0, -1) if reverse else range(1, 1_001))
    for limit, expected in ((5_000, [300, 300, 300, 100]), (650, [300, 300, 50]), (300, [300])):
        limits.clear()
        page = get_history("long:a", limit=limit, reverse=reverse)
        assert offsets(page) == everything[:limit]
        assert page.position == at
        assert limits == expected


def test_what_is_read_has_no_gap_while_others_publish(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was trimmed between two parts is left out, not what stands behind it."""
    fill("long:a", 1_000)
    read = RedisPublisher.read

    def meanwhile(self: Any, topic: str, after: int, limit: int, **options: Any) -> StreamPart:
        if after == 300:
            fill("long:a", 500)
        return read(self, topic, after, limit, **options)

    monkeypatch.setattr(RedisPublisher, "read", meanwhile)
    page = get_history("long:a", limit=800)
    assert offsets(page) == list(range(501, 1_301))
    assert page.position.offset == 1_500


def test_a_history_that_is_lost_while_it_is_read_is_said_to_be(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two histories must not look like one."""
    fill("long:a", 400)
    read = RedisPublisher.read

    def meanwhile(self: Any, topic: str, after: int, limit: int, **options: Any) -> StreamPart:
        if after == 300:
            store.client.delete(store.keys.metadata("long:a"))
            fill("long:a", 350)
        return read(self, topic, after, limit, **options)

    monkeypatch.setattr(RedisPublisher, "read", meanwhile)
    with pytest.raises(Unrecoverable):
        get_history("long:a", limit=1_000)


def test_what_can_not_be_read_is_said(store: Store) -> None:
    """A mistake, not an empty page."""
    with pytest.raises(NotAvailable, match="history = None"):
        get_history("cursor:a")
    with pytest.raises(UnknownTopic):
        get_history("order:1")
    with pytest.raises(InvalidTopicName):
        get_history("ws_service:control")
    for limit in (-1, True, "3", 2.0):
        with pytest.raises(ValueError, match="limit is"):
            get_history("orders:1", limit=limit)  # type: ignore[arg-type]


def test_nothing_was_published_yet(store: Store) -> None:
    """It has a position all the same: from there a page may subscribe."""
    page = get_history("orders:1")
    assert page == HistoryPage([], position("orders:1"))
    assert page.position.epoch


async def test_the_asynchronous_form_does_the_same(store: Store) -> None:
    """For asynchronous views and consumers."""
    at = await apublish("orders:1", "a", on_commit=False)
    page = await aget_history("orders:1", limit=1, reverse=True)
    assert (page.publications[0].data, page.position) == ("a", at)


def test_raw_payloads_stay_as_they_are(store: Store) -> None:
    """Who passes them on need not read them."""
    publish("orders:1", {"a": 1}, on_commit=False)
    (kept,) = history.read_history("orders:1").publications
    assert kept.payload == b'{"a":1}'
