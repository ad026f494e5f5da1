"""A user's own topic, whatever the user is called."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from ws_service import Topic, UserTopic, topic
from ws_service.errors import InvalidTopicName, UnknownTopic
from ws_service.testing import Communicator, Refused
from ws_service.topics import TopicTable
from ws_service.topics.compiled import compiled, topics_of


class Mail(Topic):
    """Something else of a user."""


OWN = topic("#<str:user>", UserTopic, name="user")
TABLE = TopicTable([OWN, topic("#<str:user>/mail", Mail), topic("box:<user>", Mail, name="box")])
IDS = [
    "7", "a/b", "https://idp.example/users/7", "/", "a//b/", "ü 😀", "a b", "#", "a:b,c", "50%",
    "<x>", r"\g<0>", "~", "x" * 254,
]  # fmt: skip


def user(pk: Any) -> Any:
    return SimpleNamespace(pk=pk, is_authenticated=True, is_active=True)


@pytest.mark.parametrize("user_id", IDS)
def test_any_text_is_a_users_id(user_id: str) -> None:
    """Identity providers name their users by addresses."""
    match = TABLE.match(f"#{user_id}")
    assert (match.topic_class, match.kwargs) == (UserTopic, {"user": user_id})
    assert TABLE.reverse("user", {"user": user_id}) == f"#{user_id}"


@pytest.mark.parametrize("user_id", IDS)
def test_a_user_of_any_name_connects_and_has_the_own_topic(user_id: str) -> None:
    """Not only users with a number can be reached."""
    client = Communicator(user(user_id), topics=[OWN])
    assert client.subscriptions == {f"#{user_id}"}
    stranger = Communicator(user("a"), topics=[OWN])
    with pytest.raises(Refused, match="103"):
        stranger.subscribe(f"#{user_id}")


@pytest.mark.parametrize("user_id", ["", "x" * 255, "ü" * 127 + "xx", "a\nb", "a\x00", "\ud83d"])
def test_an_id_that_no_topic_can_have_is_named_and_nobody_tries_again(
    user_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A client that reconnects for ever would never be let in, and fill the log."""
    with caplog.at_level(logging.ERROR), pytest.raises(Refused) as refused:
        Communicator(user(user_id), topics=[OWN])
    assert refused.value.code == 107
    assert (
        refused.value.message == "bad request: one of this user's topics has a name that can't be"
    )
    (record,) = caplog.records
    assert "UserTopic.at_connect() names a topic that can't be" in record.getMessage()
    assert repr(user_id) in record.getMessage()


def test_what_has_a_pattern_of_its_own_keeps_it() -> None:
    """A site that was there before has topics behind the user's."""
    match = TABLE.match("#7/mail")
    assert (match.topic_class, match.kwargs) == (Mail, {"user": "7"})
    assert TABLE.match("#7/mail/2").topic_class is UserTopic


def test_nobody_gets_the_topic_of_another_by_the_own_name(caplog: pytest.LogCaptureFixture) -> None:
    """at_connect() is asked instead of any other policy."""
    routes = list(TABLE)
    with caplog.at_level(logging.ERROR), pytest.raises(Refused, match="107"):
        Communicator(user("7/mail"), topics=routes)
    assert "'#<str:user>/mail' comes first" in caplog.text
    with pytest.raises(InvalidTopicName, match="comes first"):
        TABLE.reverse("user", {"user": "7/mail"})


@pytest.mark.parametrize("route", ["x:<str:name>", "x:<str:user>:<int:n>", "x:<slug:user>"])
def test_other_parameters_take_what_they_ever_took(route: str) -> None:
    """What a site's policies are asked about does not change."""
    with pytest.raises(UnknownTopic):
        TopicTable([topic(route, Topic)]).match("x:a/b:1")


def test_a_slash_that_does_not_fit_is_explained() -> None:
    """The converter for it is one that few people know."""
    with pytest.raises(InvalidTopicName, match="<path:…> does"):
        TopicTable([topic("x:<str:name>", Topic, name="x")]).reverse("x", {"name": "a/b"})


@pytest.mark.parametrize("user_id", IDS)
def test_publishers_without_the_code_find_the_same_topics(user_id: str) -> None:
    """They know the table that the service has written."""
    theirs = topics_of(compiled(TABLE))
    for name in (f"#{user_id}", f"box:{user_id}"[:255]):
        assert theirs.match(name).name == name
    assert theirs.reverse("user", {"user": user_id}) == f"#{user_id}"
    assert theirs.reverse("box", {"user": user_id[:200]}) == f"box:{user_id[:200]}"


def test_the_table_that_an_earlier_version_wrote_means_what_it_meant() -> None:
    """Publishers are updated before the service, or behind it."""
    written = (
        b'{"version":1,"topics":[{"route":"#<str:user>","regex":"^\\\\#(?P<user>[^/]+)\\\\Z",'
        b'"name":"user","history":null,"recovery":"stream","presence":false}]}'
    )
    theirs = topics_of(written)
    assert theirs.reverse("user", {"user": "7"}) == "#7"
    with pytest.raises(UnknownTopic):
        theirs.match("#a/b")
