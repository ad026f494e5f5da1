"""``topics.toml``: what it may say, and how it says what is wrong."""

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.checks import run_checks

from ws_service import History, Topic, topic, topic_name
from ws_service.errors import InvalidRouting, InvalidTopicsFile
from ws_service.identity.users import AnonymousVisitor, TokenUser
from ws_service.topics import TopicTable, load_topics

ADA, BOB, STRANGER = TokenUser("42"), TokenUser("43"), AnonymousVisitor()

Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Puts a text where the service reads its topics."""
    path = tmp_path / "topics.toml"

    def write(text: str) -> str:
        path.write_text(text)
        return str(path)

    return write


def entry(*lines: str) -> str:
    return "\n".join(("[[topics]]", *lines))


async def who_may(table: TopicTable, policy: str, name: str = "notes:42") -> list[str]:
    users: dict[str, Any] = {"ada": ADA, "bob": BOB, "stranger": STRANGER}
    match = table.match(name)
    return [who for who, user in users.items() if await getattr(match.seen_by(user), policy)()]


WHO = {
    "public": ["ada", "bob", "stranger"],
    "authenticated": ["ada", "bob"],
    "owner": ["ada"],
    "token": [],
    "nobody": [],
}
POLICY = {
    "allow": "can_subscribe",
    "publish": "can_publish",
    "see_presence": "can_see_presence",
    "see_history": "can_see_history",
}


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        (key, rule)
        for key in POLICY
        for rule in WHO
        if rule != ("nobody" if key == "allow" else "token")
    ],
)
async def test_each_rule_lets_in_whom_it_names(write: Write, key: str, rule: str) -> None:
    """Who has a subscription token is let in before any rule is asked."""
    table = load_topics(None, write(entry('pattern = "notes:<int:user>"', f'{key} = "{rule}"')))
    assert await who_may(table, POLICY[key]) == WHO[rule]


async def test_nobody_may_what_is_not_said(write: Write) -> None:
    """As with a class: the default denies."""
    table = load_topics(None, write(entry('pattern = "notes:<int:user>"')))
    for policy in ("can_subscribe", "can_publish", "can_see_presence", "can_see_history"):
        assert await who_may(table, policy) == []


@pytest.mark.parametrize("pattern", ["notes:<str:user>", "notes:<int:user>", "notes:<user>"])
async def test_an_owner_is_known_by_the_users_id(write: Write, pattern: str) -> None:
    """Whatever the parameter's converter; and nobody is the owner of ""."""
    table = load_topics(None, write(entry(f'pattern = "{pattern}"', 'allow = "owner"')))
    assert await who_may(table, "can_subscribe") == ["ada"]
    if "int" not in pattern:
        assert await who_may(table, "can_subscribe", "notes:None") == []


async def test_a_users_own_topic_comes_without_asking(write: Write) -> None:
    """``at_connect``, as in ``UserTopic``."""
    lines = ('pattern = "#<str:user>"', 'allow = "owner"', "at_connect = true", 'name = "user"')
    table = load_topics(None, write(entry(*lines)))
    own: Any = table.match("#42").topic_class.at_connect
    assert await own(ADA) == [{"user": "42"}]
    assert await own(STRANGER) == []
    assert table.reverse("user", {"user": "42"}) == "#42"


@pytest.mark.parametrize(
    ("line", "history"),
    [
        ("", History()),
        ("history = false", None),
        ("history = {}", History()),
        ("history = {size = 5}", History(size=5)),
        ('history = {size = 5, ttl = "2h"}', History(5, timedelta(hours=2))),
        ('history = {ttl = "10 m"}', History(ttl=timedelta(minutes=10))),
        ("history = {ttl = 90}", History(ttl=timedelta(seconds=90))),
        ("history = {ttl = 1.5}", History(ttl=timedelta(seconds=1.5))),
        ('[topics.history]\nttl = "1d"', History(ttl=timedelta(days=1))),
    ],
)
def test_history_is_what_the_file_says(write: Write, line: str, history: History | None) -> None:
    """As in a class, with lifetimes as people write them."""
    table = load_topics(None, write(entry('pattern = "news"', line)))
    assert table.match("news").history == history


def test_every_option_reaches_the_topic(write: Write) -> None:
    """No key that does nothing."""
    table = load_topics(
        None,
        write(
            entry(
                'pattern = "news"',
                'recovery = "cache"',
                "presence = true",
                'join_leave = "all"',
                "max_publication_size = 512",
                "publish_rate = 0.5",
            )
        ),
    )
    found = table.match("news").topic_class
    assert (found.recovery, found.presence, found.join_leave) == ("cache", True, "all")
    assert (found.max_publication_size, found.publish_rate) == (512, 0.5)


WRONG = {
    "not TOML": ("[[topics]", "is no TOML: "),
    "no entries": ("", "has no entries"),
    "one table instead of entries": ('[topics]\npattern = "a"', "[[topics]]"),
    "a misspelt table": ('[[topic]]\npattern = "a"', "unknown key 'topic'; did you mean 'topics'?"),
    "no pattern": (entry('name = "a"'), "topic 1 ('without a pattern'): pattern is missing"),
    "a number as pattern": (entry("pattern = 7"), "pattern is missing"),
    "an unknown converter": (entry('pattern = "a:<hex:b>"'), "invalid converter 'hex'"),
    "an empty pattern": (entry('pattern = ""'), "the route must be text"),
    "a number as name": (entry('pattern = "a"', "name = 7"), "name is 7"),
    "a misspelt key": (
        entry('pattern = "a"', "histroy = false"),
        "topic 1 ('a'): unknown key 'histroy'; did you mean 'history'?",
    ),
    "a key of nobody's": (entry('pattern = "a"', "zzz = 1"), "known are pattern, name, allow"),
    "a misspelt rule": (
        entry('pattern = "a"', 'allow = "pubic"'),
        "allow is 'pubic'; did you mean 'public'?",
    ),
    "a rule of another kind": (entry('pattern = "a"', 'publish = "token"'), "publish is 'token'"),
    "a rule that is no text": (entry('pattern = "a"', "allow = [1]"), "allow is [1]"),
    "an owner of nothing": (entry('pattern = "a"', 'allow = "owner"'), "<str:user>"),
    "a publishing owner of nothing": (
        entry('pattern = "a:<int:pk>"', 'publish = "owner"'),
        'publish = "owner" needs a parameter',
    ),
    "at connect, for everybody": (
        entry('pattern = "#<str:user>"', 'allow = "public"', "at_connect = true"),
        'needs allow = "owner"',
    ),
    "at connect, with more parameters": (
        entry('pattern = "<str:user>:<int:n>"', 'allow = "owner"', "at_connect = true"),
        "only parameter",
    ),
    "at connect, as text": (entry('pattern = "a"', 'at_connect = "yes"'), "true or false"),
    "history as text": (entry('pattern = "a"', 'history = "10m"'), "history is '10m'"),
    "history as true": (entry('pattern = "a"', "history = true"), "history is True"),
    "a misspelt lifetime": (
        entry('pattern = "a"', "history = {tll = 5}"),
        "history: unknown key 'tll'; did you mean 'ttl'?",
    ),
    "a lifetime in words": (entry('pattern = "a"', 'history = {ttl = "ten"}'), "ttl is 'ten'"),
    "a lifetime without end": (entry('pattern = "a"', "history = {ttl = inf}"), "ttl is inf"),
    "a lifetime that is no number": (entry('pattern = "a"', "history = {ttl = nan}"), "ttl is nan"),
    "true as a lifetime": (entry('pattern = "a"', "history = {ttl = true}"), "ttl is True"),
    "no lifetime": (entry('pattern = "a"', "history = {ttl = 0}"), "a second or more"),
    "no size": (entry('pattern = "a"', "history = {size = 0}"), "a whole number from 1 on"),
    "presence as text": (entry('pattern = "a"', 'presence = "yes"'), "presence is 'yes'"),
    "an unknown recovery": (entry('pattern = "a"', 'recovery = "all"'), "recovery is 'all'"),
    "who comes, without presence": (
        entry('pattern = "a"', 'join_leave = "all"'),
        "needs presence = True",
    ),
    "a name twice": (
        entry('pattern = "a"', 'name = "x"', entry('pattern = "b"', 'name = "x"')),
        "topic 2 ('b'): the name 'x' is taken",
    ),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_with_file_and_entry(write: Write, text: str, words: str) -> None:
    """A ConfigMap is written by hand, and read by a container that only logs."""
    path = write(text)
    with pytest.raises(InvalidTopicsFile) as caught:
        load_topics(None, path)
    assert words in str(caught.value)
    assert str(caught.value).startswith(path)


@pytest.mark.parametrize("make", ["missing", "folder", "binary"])
def test_a_file_that_can_not_be_read_is_named(tmp_path: Path, make: str) -> None:
    """A volume that isn't mounted."""
    path = tmp_path / "topics.toml"
    if make == "folder":
        path.mkdir()
    elif make == "binary":
        path.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidTopicsFile, match=r"topics\.toml"):
        load_topics(None, str(path))


class Orders(Topic):
    """The site's own."""


@pytest.fixture
def routing(monkeypatch: pytest.MonkeyPatch) -> str:
    """A routing module beside the file."""
    module = ModuleType("file_routing")
    module.topics = [topic("orders:<int:pk>", Orders, name="order")]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module.__name__


def test_the_sites_own_topics_come_first(write: Write, routing: str) -> None:
    """A file adds; it doesn't take a topic from the code that guards it."""
    path = write(entry('pattern = "<path:everything>"', 'allow = "public"'))
    table = load_topics(routing, path)
    assert table.match("orders:42").topic_class is Orders
    assert table.match("news").topic_class is not Orders


def test_a_name_means_one_topic_in_both(write: Write, routing: str) -> None:
    """Else ``topic_name()`` would silently mean one of them."""
    with pytest.raises(InvalidTopicsFile, match=r"'order' is taken, by file_routing\.topics"):
        load_topics(routing, write(entry('pattern = "o:<int:pk>"', 'name = "order"')))


def test_publishers_know_the_files_topics(write: Write, settings: Any) -> None:
    """``topic_name()`` and ``publish()`` in a site that shares the file."""
    path = write(entry('pattern = "news:<slug:of>"', 'name = "news"'))
    settings.WS_SERVICE = {"TOPICS": path}
    assert topic_name("news", of="today") == "news:today"


def test_a_wrong_file_stops_the_start_with_a_check(write: Write, settings: Any) -> None:
    """E013, once."""
    settings.WS_SERVICE = {"TOPICS": write(""), "REDIS_URL": "redis://localhost"}
    (message,) = run_checks(tags=["ws_service"])
    assert message.id == "ws_service.E013"
    assert "has no entries" in message.msg
    settings.WS_SERVICE |= {"TOPICS": write(entry('pattern = "a"'))}
    assert run_checks(tags=["ws_service"]) == []


def test_the_files_trouble_is_a_routings_trouble() -> None:
    """Whoever catches one catches both."""
    assert issubclass(InvalidTopicsFile, InvalidRouting)
