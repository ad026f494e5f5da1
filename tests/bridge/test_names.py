"""Which group is under which topic: the mapping goes both ways, or the routing doesn't load."""

from typing import Any

import pytest
from django.core.checks import run_checks

from tests.bridge.conftest import RECOVERABLE, STOCK
from ws_service import Topic, topic
from ws_service.errors import InvalidRouting, UnknownTopic
from ws_service.topics.table import TopicTable, checked_table


class RoomTopic(Topic):
    @staticmethod
    def from_event(event: Any) -> Any:
        return event


class OwnTopic(Topic):
    """Not over a group."""


def table(*routes: Any) -> TopicTable:
    return checked_table(routes, "topics")


@pytest.mark.parametrize(
    ("route", "group", "name", "group_name"),
    [
        ("room:<slug:room>", "chat.<slug:room>", "room:lobby", "chat.lobby"),
        ("order:<int:pk>", "orders_<int:pk>_changes", "order:42", "orders_42_changes"),
        ("<slug:a>/<int:b>", "x.<int:b>.<slug:a>", "left/7", "x.7.left"),
        ("news", "all-news", "news", "all-news"),
    ],
)
def test_a_topic_has_one_group_and_the_group_one_topic(
    route: str, group: str, name: str, group_name: str
) -> None:
    """What is sent to a group must reach the topic that clients ask for, and no other."""
    topics = table(topic(route, RoomTopic, group=group))
    assert topics.topic_of(group_name) == name
    assert topics.match(name).live_group == group_name
    assert topics.topic_of("another") is None


@pytest.mark.parametrize(
    "name",
    [
        "room:two words",  # no legal group
        "room:größe",
        "room:" + "x" * 95,  # a group name of 100 characters
        "number:007",  # its group is the group of number:7
        "special:a",  # the first route takes its group
    ],
)
def test_a_name_to_which_no_group_leads_is_unknown(name: str) -> None:
    """A subscription that could never hear anything would look like a quiet topic."""
    topics = table(
        topic("room:<str:room>", RoomTopic, group="chat.<str:room>"),
        topic("number:<int:n>", RoomTopic, group="number.<int:n>"),
        topic("special:<slug:room>", RoomTopic, group="chat.special.<slug:room>"),
    )
    with pytest.raises(UnknownTopic):
        topics.match(name)
    assert topics.match("number:7").live_group == "number.7"


def test_a_group_whose_topic_another_route_takes_has_none() -> None:
    """Its events must not reach clients by the permission of another class."""
    topics = table(
        topic("room:secret", OwnTopic),
        topic("room:<slug:room>", RoomTopic, group="chat.<slug:room>"),
    )
    assert topics.topic_of("chat.secret") is None
    assert topics.match("room:secret").live_group is None
    assert topics.topic_of("chat.lobby") == "room:lobby"


@pytest.mark.parametrize(
    "group",
    ["chat.<int:room>", "chat", "chat.<slug:room>.<int:n>", "chat:<slug:room>", "", "x" * 100, 7],
)
def test_a_group_that_does_not_fit_its_topic_stops_the_start(group: Any) -> None:
    """Found when the routing loads, not when the first event is missing."""
    with pytest.raises(InvalidRouting, match="room:"):
        topic("room:<slug:room>", RoomTopic, group=group)


def test_a_topic_over_a_group_says_what_clients_get() -> None:
    """Events hold what consumers need; passing them on whole would show it to everybody."""

    class Method(Topic):
        def from_event(self, event: Any) -> Any:  # type: ignore[override]
            return event

    class Coroutine(Topic):
        @staticmethod
        async def from_event(event: Any) -> Any:
            return event

    class OfClass(Topic):
        @classmethod
        def from_event(cls, event: Any) -> Any:
            return event

    for wrong in (OwnTopic, Method, Coroutine):
        with pytest.raises(InvalidRouting, match="from_event"):
            topic("room:<slug:room>", wrong, group="chat.<slug:room>")
    topic("room:<slug:room>", OfClass, group="chat.<slug:room>")


@pytest.mark.parametrize("backend", RECOVERABLE.values())
def test_the_layers_class_decides_that_a_topic_is_kept(settings: Any, backend: str) -> None:
    """One line in CHANNEL_LAYERS, read by both containers: no second switch to forget."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend}}
    topics = table(topic("room:<slug:room>", RoomTopic, group="chat.<slug:room>"))
    match = topics.match("room:lobby")
    assert not topics.has_live_groups
    assert (match.live_group, match.history) == (None, RoomTopic.history)


@pytest.mark.parametrize("backend", STOCK.values())
def test_over_a_stock_layer_nothing_is_kept(settings: Any, backend: str) -> None:
    """A client that is told of positions would trust them."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend}}
    topics = table(
        topic("room:<slug:room>", RoomTopic, group="chat.<slug:room>"), topic("own", OwnTopic)
    )
    assert topics.has_live_groups
    assert topics.match("room:lobby").history is None
    assert topics.match("own").history == OwnTopic.history


def test_without_a_channel_layer_there_are_no_groups(settings: Any) -> None:
    """The routing says what is missing, instead of a topic on which nothing ever arrives."""
    settings.CHANNEL_LAYERS = {}
    with pytest.raises(InvalidRouting, match="CHANNEL_LAYERS"):
        table(topic("room:<slug:room>", RoomTopic, group="chat.<slug:room>"))


def test_the_core_layers_time_out_is_checked_for_ours_too(settings: Any) -> None:
    """Its waiting is inherited: redis-py 8's default closes idle consumers with 1011."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": RECOVERABLE["core"]}}
    ids = [message.id for message in run_checks(tags=["ws_service"])]
    assert ids == ["ws_service.W001"]
