"""The table of topics as data: what a publisher without the site's code knows."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.urls import register_converter
from django.urls.converters import REGISTERED_CONVERTERS, get_converters

from ws_service import History, Topic, topic
from ws_service.errors import BrokerUnavailable, InvalidTopicName, UnknownTopic, UnreadableTopics
from ws_service.topics import TopicTable
from ws_service.topics.compiled import compiled, topics_of
from ws_service.topics.written import WrittenTopics


class Order(Topic):
    """As topics are by default."""


class Board(Topic):
    """Nothing as it is by default."""

    history = History(size=1, ttl=timedelta(seconds=1.5))
    recovery = "cache"
    presence = True
    max_publication_size = 512


class Cursor(Topic):
    """Only the present is of interest."""

    history = None


ROUTES = [
    topic("orders:latest", Cursor, name="latest"),
    topic("orders:<int:pk>", Order, name="order"),
    topic("boards:<uuid:id>:<path:rest>", Board, name="board"),
    topic("tags:<slug:tag>", Order),
    topic("<plain>", Order),
]
KEY = "075194d3-6885-417e-a8a8-6c931e272f00"


@pytest.fixture
def custom() -> Iterator[None]:
    """A site's own converter, as in its ``urls.py``."""

    class Code:
        regex = "[A-Z]{2}[0-9]+"

        def to_python(self, value: str) -> tuple[str, int]:
            return value[:2], int(value[2:])

        def to_url(self, value: Any) -> str:
            return value if isinstance(value, str) else f"{value[0]}{value[1]}"

    register_converter(Code, "code")
    yield
    del REGISTERED_CONVERTERS["code"]
    get_converters.cache_clear()


@pytest.mark.parametrize(
    "name",
    [
        "orders:latest",
        "orders:42",
        f"boards:{KEY}:a/b",
        "tags:x-1",
        "whatever",
    ],
)
def test_a_topic_is_the_same_on_both_sides(name: str) -> None:
    """What is published without the code is published as with it."""
    theirs, ours = (
        topics_of(compiled(TopicTable(ROUTES))).match(name),
        TopicTable(ROUTES).match(name),
    )
    assert theirs.kwargs == ours.kwargs
    assert theirs.history == ours.history
    for option in ("recovery", "presence", "max_publication_size"):
        assert getattr(theirs.topic_class, option) == getattr(ours.topic_class, option)


@pytest.mark.parametrize("name", ["orders:007", "boards:1:a", "tags:a b", "a/b"])
def test_no_topic_is_none_on_both_sides(name: str) -> None:
    """A name that would reach nobody is refused here too, with the same hint."""
    hints = []
    for table in (TopicTable(ROUTES[:-1]), topics_of(compiled(TopicTable(ROUTES[:-1])))):
        with pytest.raises(UnknownTopic) as caught:
            table.match(name)
        hints.append(str(caught.value))
    assert hints[0] == hints[1]


def test_names_are_made_on_both_sides() -> None:
    """``topic_name("order", pk=42)`` works without the code."""
    assert topics_of(compiled(TopicTable(ROUTES))).reverse("order", {"pk": 42}) == "orders:42"


@pytest.mark.usefixtures("custom")
def test_a_sites_own_converter_is_a_pattern_without_its_code() -> None:
    """Its regular expression is known, what it makes of a text is not."""
    data = compiled(TopicTable([topic("seat:<code:seat>", Order, name="seat")]))
    del REGISTERED_CONVERTERS["code"]
    get_converters.cache_clear()
    REGISTERED_CONVERTERS["code"] = None  # type: ignore[assignment]  # the fixture takes it away
    table = topics_of(data)
    assert table.match("seat:AB12").kwargs == {"seat": "AB12"}
    assert table.reverse("seat", {"seat": "AB12"}) == "seat:AB12"
    with pytest.raises(UnknownTopic):
        table.match("seat:12")


def test_nobody_may_subscribe_to_what_only_the_publisher_knows() -> None:
    """The policies are the code."""
    found = topics_of(compiled(TopicTable(ROUTES))).match("orders:42")
    assert not found.seen_by(None).can_subscribe()


def test_the_same_table_is_the_same_text() -> None:
    """Each process writes it at its start, and nothing changes."""
    assert compiled(TopicTable(ROUTES)) == compiled(TopicTable(list(ROUTES)))


def test_what_a_later_version_adds_is_overlooked() -> None:
    """The service is updated first, the site later."""
    data = json.loads(compiled(TopicTable(ROUTES)))
    data["topics"][0]["colour"] = data["colour"] = "red"
    assert topics_of(json.dumps(data).encode()).match("orders:latest")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"version":2,"topics":7}', "version 2"),
        (b"", "can't be read"),
        (b"[]", "can't be read"),
        (b'{"version":1,"topics":[{"route":"a","regex":"("}]}', "can't be read"),
        (b'{"version":1,"topics":[{"route":"a"}]}', "can't be read"),
        (
            b'{"version":1,"topics":[{"route":"a","regex":"a","history":{"size":0,"ttl":1}}]}',
            "can't be read",
        ),
        (
            b'{"version":1,"topics":[{"route":"a","regex":"a","history":{"size":1,"ttl":1e300}}]}',
            "can't be read",
        ),
    ],
)
def test_what_can_not_be_read_is_said(data: bytes, words: str) -> None:
    """Another version, or a Redis in which somebody else writes."""
    with pytest.raises(UnreadableTopics, match=words):
        topics_of(data)


# What a publisher makes of it over time


class Written:
    """What is in Redis, how often it was asked, and what time it is."""

    def __init__(self) -> None:
        self.data: bytes | BrokerUnavailable | None = None
        self.asked = 0
        self.now_s = 100.0
        self.topics = WrittenTopics(self._read, lambda: self.now_s)

    def write(self, *routes: Any) -> None:
        self.data = compiled(TopicTable(routes))

    def _read(self) -> bytes | None:
        self.asked += 1
        if isinstance(self.data, BrokerUnavailable):
            raise self.data
        return self.data


@pytest.fixture
def written() -> Written:
    return Written()


def test_before_the_service_has_written_anything_that_is_said(written: Written) -> None:
    """The usual first mistake: nobody has started it."""
    with pytest.raises(UnknownTopic, match="no service has written its topics"):
        written.topics.match("orders:42")
    written.write(*ROUTES)
    written.now_s += 1
    assert written.topics.match("orders:42").kwargs == {"pk": 42}


def test_a_known_topic_is_looked_up_every_half_minute(written: Written) -> None:
    """A publication costs no round trip more."""
    written.write(*ROUTES)
    for _ in range(9):
        written.topics.match("orders:42")
    assert written.asked == 1
    written.write(topic("orders:<int:pk>", Cursor))
    written.now_s += 30
    assert written.topics.match("orders:42").history is None
    assert written.asked == 2


def test_a_new_topic_is_found_within_a_second(written: Written) -> None:
    """The service was updated, and the first thing that the site does is to publish there."""
    written.write(ROUTES[0])
    with pytest.raises(UnknownTopic, match="'orders:latest'"):
        written.topics.match("orders:42")
    written.write(*ROUTES)
    with pytest.raises(UnknownTopic):
        written.topics.match("orders:42")
    assert written.asked == 1
    written.now_s += 1
    assert written.topics.match("orders:42")
    assert written.topics.reverse("order", {"pk": 7}) == "orders:7"
    with pytest.raises(InvalidTopicName, match="did you mean"):
        written.topics.reverse("ordr", {"pk": 7})


def test_while_redis_is_away_the_last_table_is_used(written: Written) -> None:
    """And Redis is not asked with every publication: each would wait for it."""
    written.write(*ROUTES)
    written.topics.match("orders:42")
    written.data = BrokerUnavailable("away")
    written.now_s += 30
    for _ in range(9):
        assert written.topics.match("orders:42")
    assert written.asked == 2
    written.write(ROUTES[1])
    written.now_s += 1
    assert written.topics.match("orders:42")
    assert written.asked == 3


def test_without_any_table_redis_being_away_is_said(written: Written) -> None:
    """Nobody can tell whether there is such a topic; and it is asked for once a second."""
    written.data = BrokerUnavailable("away")
    for _ in range(9):
        with pytest.raises(BrokerUnavailable):
            written.topics.match("orders:42")
    assert written.asked == 1


def test_a_redis_that_was_emptied_does_not_empty_the_table(written: Written) -> None:
    """The service writes it again in half a minute; until then nothing has changed."""
    written.write(*ROUTES)
    written.topics.match("orders:42")
    written.data = None
    written.now_s += 30
    assert written.topics.match("orders:42")


def test_a_name_that_can_not_be_asks_nobody(written: Written) -> None:
    """As everywhere."""
    with pytest.raises(InvalidTopicName):
        written.topics.match("")
    assert written.asked == 0
