"""Topic patterns: as in a urls.py."""

import sys
from types import ModuleType
from typing import Any

import pytest
from django.test import override_settings

from ws_service import Topic, topic, topic_name
from ws_service.errors import InvalidRouting, InvalidTopicName, UnknownTopic
from ws_service.topics import TopicTable, load_topics, site_topics


class Order(Topic):
    """A topic by number."""


class Note(Topic):
    """A topic by text."""


TABLE = TopicTable(
    [
        topic("orders:latest", Note, name="latest"),
        topic("orders:<int:pk>", Order, name="order"),
        topic("orders:<str:word>", Note, name="word"),
        topic("days:<int:year>-<int:month>", Order, name="day"),
        topic("files:<path:path>", Note, name="file"),
        topic("keys:<uuid:key>", Note, name="key"),
        topic("tags:<slug:tag>:all", Note),
        topic("caf\u00e9 (1+1)", Note, name="cafe"),
    ]
)
KEY = "075194d3-6885-417e-a8a8-6c931e272f00"


@pytest.mark.parametrize(
    ("name", "topic_class", "kwargs"),
    [
        ("orders:latest", Note, {}),
        ("orders:42", Order, {"pk": 42}),
        ("orders:abc", Note, {"word": "abc"}),
        ("orders:-1", Note, {"word": "-1"}),
        ("orders:a:b", Note, {"word": "a:b"}),
        ("orders:42:items", Note, {"word": "42:items"}),
        ("days:2026-7", Order, {"year": 2026, "month": 7}),
        ("files:a/b:c", Note, {"path": "a/b:c"}),
        ("tags:x-1:all", Note, {"tag": "x-1"}),
        ("caf\u00e9 (1+1)", Note, {}),
    ],
)
def test_the_first_pattern_that_fits_decides(
    name: str, topic_class: type[Topic], kwargs: dict[str, Any]
) -> None:
    """With Django's converters; `<str:…>` takes everything but a slash, colons too."""
    match = TABLE.match(name)
    assert (match.topic_class, match.kwargs) == (topic_class, kwargs)
    seen = match.seen_by("ada")
    assert (seen.user, seen.name, seen.kwargs) == ("ada", name, kwargs)


@pytest.mark.parametrize(
    "name", ["orders", "orders:", "orders:a/b", "Orders:42", "xorders:42", "keys:1", "tags:x:all:y"]
)
def test_a_name_that_no_pattern_fits_is_unknown(name: str) -> None:
    """The whole name must fit, not its beginning."""
    with pytest.raises(UnknownTopic) as unknown:
        TABLE.match(name)
    assert unknown.value.name == name
    assert repr(name) in str(unknown.value)


def test_a_site_without_topics_says_so() -> None:
    """The first mistake that anybody makes."""
    with pytest.raises(UnknownTopic, match="the site's routing has no topics"):
        TopicTable([]).match("orders:42")


def test_an_impossible_name_is_not_merely_unknown() -> None:
    """The client gets another error, and the site's author another hint."""
    with pytest.raises(InvalidTopicName):
        TABLE.match("orders:" + "x" * 300)


@pytest.mark.parametrize(
    ("route_name", "kwargs", "name"),
    [
        ("order", {"pk": 42}, "orders:42"),
        ("order", {"pk": "42"}, "orders:42"),
        ("latest", {}, "orders:latest"),
        ("day", {"month": 7, "year": 2026}, "days:2026-7"),
        ("file", {"path": "a/b"}, "files:a/b"),
        ("key", {"key": KEY}, f"keys:{KEY}"),
        ("word", {"word": r"\g<0>:\1"}, r"orders:\g<0>:\1"),
        ("cafe", {}, "caf\u00e9 (1+1)"),
    ],
)
def test_a_name_is_made_from_its_parameters(
    route_name: str, kwargs: dict[str, Any], name: str
) -> None:
    """And fits the pattern that it was made from."""
    assert TABLE.reverse(route_name, kwargs) == name
    TABLE.match(name)


@pytest.mark.parametrize(
    ("route_name", "kwargs", "words"),
    [
        ("ordr", {"pk": 1}, "did you mean 'order'?"),
        ("zebra", {}, "no topic pattern is named 'zebra'$"),
        ("order", {}, r"takes \['pk'\], not none"),
        ("order", {"id": 1}, r"takes \['pk'\], not \['id'\]"),
        ("order", {"pk": 1, "x": 2}, r"takes \['pk'\], not \['pk', 'x'\]"),
        ("latest", {"pk": 1}, r"takes no parameters, not \['pk'\]"),
        ("order", {"pk": "x"}, "don't fit"),
        ("order", {"pk": None}, "don't fit"),
        ("order", {"pk": -1}, "don't fit"),
        ("word", {"word": "a/b"}, "don't fit"),
        ("word", {"word": ""}, "don't fit"),
        ("word", {"word": "a\nb"}, "no control characters"),
        ("word", {"word": "x" * 300}, "255 bytes at most"),
    ],
)
def test_parameters_that_do_not_fit_are_named(
    route_name: str, kwargs: dict[str, Any], words: str
) -> None:
    """What a template's author reads instead of a page that never updates."""
    with pytest.raises(InvalidTopicName, match=words):
        TABLE.reverse(route_name, kwargs)


@pytest.mark.parametrize(
    ("route", "topic_class", "words"),
    [
        ("orders:<int:pk>", object, "must be a subclass of Topic"),
        ("orders:<int:pk>", Order(None, "x", {}), "must be a subclass of Topic"),
        ("", Order, "must be text"),
        (None, Order, "must be text"),
        ("orders:<integer:pk>", Order, "integer"),
        ("orders:<int:1pk>", Order, "1pk"),
        ("a:<int:pk>:<int:pk>", Order, "redefinition of group name .pk."),
        ("orders:<int: pk>", Order, "whitespace"),
        ("a", type("Open", (Topic,), {"can_subscribe": True}), "can_subscribe is True: write def"),
        ("a", type("Shut", (Topic,), {"can_publish": None}), "can_publish is None: write def"),
        ("a", type("At", (Topic,), {"at_connect": lambda self: ()}), "must be a @classmethod"),
        ("a", type("On", (Topic,), {"at_connect": True}), "must be a @classmethod"),
    ],
)
def test_a_route_that_can_not_be_is_refused_where_it_is_written(
    route: Any, topic_class: Any, words: str
) -> None:
    """At import, not when the first client asks."""
    with pytest.raises(InvalidRouting, match=words):
        topic(route, topic_class)


def routing(monkeypatch: pytest.MonkeyPatch, **attributes: Any) -> str:
    module = ModuleType("topics_routing")
    vars(module).update(attributes)
    monkeypatch.setitem(sys.modules, "topics_routing", module)
    return "topics_routing"


@pytest.mark.parametrize(
    ("topics", "words"),
    [
        ({"a": Order}, "must be a list"),
        ([Order], r'write topic\("orders:<int:pk>", …\)'),
        ([("orders", Order)], r'write topic\("orders:<int:pk>", …\)'),
        ([topic("a", Order, name="x"), topic("b", Order, name="x")], "two patterns.*'x'"),
    ],
)
def test_a_routing_module_that_can_not_be_used_says_why(
    monkeypatch: pytest.MonkeyPatch, topics: Any, words: str
) -> None:
    """With the module's name, so that it is found."""
    name = routing(monkeypatch, topics=topics)
    with pytest.raises(InvalidRouting, match=words) as invalid:
        load_topics(name)
    assert "topics_routing.topics" in str(invalid.value)


def test_a_routing_module_that_can_not_be_imported_is_named() -> None:
    """A spelling mistake in the settings."""
    with pytest.raises(InvalidRouting, match=r"'mysite\.rooting' can't be imported"):
        load_topics("mysite.rooting")


def test_a_routing_module_without_topics_is_all_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sites that only have consumers."""
    assert len(load_topics(routing(monkeypatch))) == 0
    assert len(load_topics(None)) == 0


def test_patterns_without_a_name_may_be_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are for those who make names from parameters."""
    name = routing(monkeypatch, topics=(topic("a", Order), topic("b", Order)))
    assert [route.route for route in load_topics(name)] == ["a", "b"]


def test_topic_name_knows_the_sites_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the settings in force: tests change them."""
    name = routing(monkeypatch, topics=[topic("orders:<int:name>", Order, name="order")])
    with override_settings(WS_SERVICE={"ROUTING": name}):
        assert topic_name("order", name=42) == "orders:42"
        assert len(site_topics()) == 1
    with override_settings(WS_SERVICE={}), pytest.raises(InvalidTopicName):
        topic_name("order", name=42)


def test_nobody_may_subscribe_unless_a_topic_says_so() -> None:
    """A forgotten method must not open everything."""
    assert Order("ada", "orders:1", {"pk": 1}).can_subscribe() is False


def test_a_thing_has_one_name() -> None:
    """Who subscribed to another one would wait for ever, and could make names without end."""
    with pytest.raises(UnknownTopic, match=r"it is called 'days:2026-7'"):
        TABLE.match("days:2026-07")
    assert TABLE.match("orders:007").topic_class is Note, "the next pattern takes it as a word"
