"""Tokens that end while the connection goes on, as no client library would show it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.gateway import tokens
from tests.gateway.client import Client
from tests.gateway.conftest import SERVERS, SETTINGS
from tests.live import Service, Site
from ws_service import publish

pytestmark = pytest.mark.once

Connect = Callable[..., Client]
INVALID = (3500, "invalid token")
CONNECTION_EXPIRED = (3005, "connection expired")
BREACH = (3501, "bad request")
SUBSCRIPTION_EXPIRED = {"code": 2501, "reason": "subscription expired"}
ADA, GRACE = "Ada", "Grace"
GRACE_S = 1.0


@pytest.fixture(scope="module", params=list(SERVERS))
def served(
    request: pytest.FixtureRequest, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The gateway site, which is less patient with tokens."""
    log = tmp_path_factory.mktemp(request.param) / "service.log"
    environment = {"TOKEN_GRACE": str(GRACE_S)}
    service = Service(site, log, SERVERS[request.param], settings=SETTINGS, environment=environment)
    service.start()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def users(site: Site) -> dict[str, str]:
    """Ids by names."""
    script = """
from django.contrib.auth import get_user_model
print(*(get_user_model().objects.get(name=name).pk for name in ("Ada", "Grace")))
"""
    return dict(zip((ADA, GRACE), site.run_in_django(script).split(), strict=True))


@pytest.fixture
def connect(open_client: Callable[..., Client], users: dict[str, str]) -> Connect:
    """``connect("Ada", exp=…)``: a client with such a token; the answer is ``.hello``."""

    def connect(user: str, **claims: Any) -> Client:
        client = open_client(is_connected=False)
        token = tokens.connection(users[user], **claims)
        client.hello = client.ask("connect", token=token)["connect"]
        return client

    return connect


def soon(life_s: float = 1.0) -> float:
    return time.time() + life_s


# --- What is answered ----------------------------------------------------------------------


def test_the_client_is_told_how_long_its_token_lives(connect: Connect) -> None:
    """In whole seconds, never 0: it would ask for another one without a pause."""
    assert connect(ADA, exp=soon(300)).hello["expires"]
    assert connect(ADA, exp=soon(300)).hello["ttl"] in (299, 300)
    assert connect(ADA, exp=soon(0.5)).hello["ttl"] == 1
    for never in ({"exp": ...}, {"exp": soon(300), "expire_at": 0}):
        hello = connect(ADA, **never).hello
        assert "expires" not in hello
        assert "ttl" not in hello
    assert connect(ADA, exp=soon(300), expire_at=soon(900)).hello["ttl"] in (899, 900)


def test_a_new_token_prolongs_the_connection(connect: Connect, users: dict[str, str]) -> None:
    """Or makes it last for ever."""
    client = connect(ADA, exp=soon(300))
    longer = client.ask("refresh", token=tokens.connection(users[ADA], exp=soon(600)))["refresh"]
    assert longer["client"] == client.hello["client"]
    assert longer["version"]
    assert longer["expires"]
    assert longer["ttl"] in (599, 600)
    unending = client.ask("refresh", token=tokens.connection(users[ADA], exp=...))["refresh"]
    assert "expires" not in unending


@pytest.mark.parametrize(
    ("claims", "end"),
    [
        ({"exp": 1}, CONNECTION_EXPIRED),
        ({"aud": "another"}, INVALID),
        ({"channel": "open:a"}, INVALID),
        ({"channels": ["open:another"]}, (3010, "insufficient state")),
    ],
    ids=["expired", "another audience", "for a topic", "with other topics"],
)
def test_a_token_that_can_not_prolong_it_ends_the_connection(
    connect: Connect, users: dict[str, str], claims: dict[str, Any], end: tuple[int, str]
) -> None:
    """With the code that makes the client fetch another one, or stop."""
    client = connect(ADA, exp=soon(300))
    client.say(client.command("refresh", token=tokens.connection(users[ADA], **claims)))
    assert client.end() == end


def test_nobody_becomes_somebody_else(connect: Connect, users: dict[str, str]) -> None:
    """Its subscriptions were allowed for Ada."""
    for user in (users[GRACE], ...):
        client = connect(ADA, exp=soon(300))
        client.say(client.command("refresh", token=tokens.connection(user)))
        assert client.end() == INVALID


def test_a_refresh_without_a_token_breaks_the_protocol(connect: Connect) -> None:
    """Client libraries never do it."""
    client = connect(ADA)
    client.say(client.command("refresh"))
    assert client.end() == BREACH


def test_a_subscription_is_prolonged(connect: Connect, users: dict[str, str], name: str) -> None:
    """And only a subscription that is there, by a token that is its own."""
    channel = f"$sealed:{name}"
    client = connect(ADA)
    mine = tokens.subscription(users[ADA], channel, exp=soon(300))
    assert client.error("sub_refresh", channel=channel, token=mine) == 103
    answer = client.ask("subscribe", channel=channel, token=mine)["subscribe"]
    assert answer["expires"]
    assert answer["ttl"] in (299, 300)
    longer = tokens.subscription(users[ADA], channel, exp=soon(600))
    answer = client.ask("sub_refresh", channel=channel, token=longer)["sub_refresh"]
    assert answer["expires"]
    assert answer["ttl"] in (599, 600)
    assert client.error("sub_refresh", channel=channel) == 107
    unending = tokens.subscription(users[ADA], channel, exp=...)
    assert client.ask("sub_refresh", channel=channel, token=unending)["sub_refresh"] == {}


def test_an_expired_token_ends_the_subscription_only(
    connect: Connect, users: dict[str, str], name: str
) -> None:
    """The client subscribes again at once, with another token."""
    channel = f"$sealed:{name}"
    client = connect(ADA)
    good = tokens.subscription(users[ADA], channel)
    assert client.ask("subscribe", channel=channel, token=good)["subscribe"]
    late = tokens.subscription(users[ADA], channel, exp=1)
    client.say(client.command("sub_refresh", channel=channel, token=late))
    push = client.hear()["push"]
    assert push == {"channel": channel, "unsubscribe": SUBSCRIPTION_EXPIRED}
    assert client.ask("subscribe", channel=channel, token=good)["subscribe"]


@pytest.mark.parametrize("whose", ["another topic's", "another user's", "nobody's key"])
def test_anothers_token_ends_the_connection(
    connect: Connect, users: dict[str, str], name: str, whose: str
) -> None:
    """That is no mistake of a clock."""
    channel = f"$sealed:{name}"
    client = connect(ADA)
    good = tokens.subscription(users[ADA], channel)
    assert client.ask("subscribe", channel=channel, token=good)["subscribe"]
    token = {
        "another topic's": tokens.subscription(users[ADA], "$sealed:another"),
        "another user's": tokens.subscription(users[GRACE], channel),
        "nobody's key": tokens.subscription(users[ADA], channel, key="k" * 64),
    }[whose]
    client.say(client.command("sub_refresh", channel=channel, token=token))
    assert client.end() == INVALID


# --- What happens without an answer --------------------------------------------------------


def test_who_does_nothing_about_it_is_let_go_after_the_grace(
    connect: Connect, users: dict[str, str], name: str
) -> None:
    """Seven clients wait together: the time is the same for all."""
    channel = f"$sealed:{name}"
    short = tokens.subscription(users[ADA], channel, exp=soon())
    long = tokens.subscription(users[ADA], channel)

    idle = connect(ADA, exp=soon())
    prolonged = connect(ADA, exp=soon())
    unending = connect(ADA, exp=soon(), expire_at=0)
    subscribed, renewed, gone = (connect(ADA) for _ in range(3))
    for client in (subscribed, renewed, gone):
        assert client.ask("subscribe", channel=channel, token=short)["subscribe"]["ttl"] == 1
    watcher = connect(GRACE)
    assert watcher.ask("subscribe", channel=f"watched:{name}")["subscribe"]
    watcher.hear()  # its own join
    assert idle.ask("subscribe", channel=f"watched:{name}")["subscribe"]
    assert watcher.hear()["push"]["join"]

    prolonged.ask("refresh", token=tokens.connection(users[ADA]))
    renewed.ask("sub_refresh", channel=channel, token=long)
    gone.ask("unsubscribe", channel=channel)
    gone.ask("subscribe", channel=channel, token=long)

    assert idle.end() == CONNECTION_EXPIRED
    assert watcher.hear()["push"]["leave"]["info"]["user"] == users[ADA]
    assert subscribed.hear()["push"]["unsubscribe"] == SUBSCRIPTION_EXPIRED
    for client in (prolonged, unending, subscribed):
        assert client.ask("history", channel=f"open:{name}")["history"]
    for client in (renewed, gone):
        assert client.error("subscribe", channel=channel, token=long) == 105


# --- Server-side subscriptions of a token --------------------------------------------------


def test_a_token_names_topics_to_be_subscribed_to_at_once(
    connect: Connect, users: dict[str, str], name: str
) -> None:
    """No policy is asked: the site has said it already."""
    client = connect(ADA, channels=[f"$sealed:{name}", f"denied:{name}"])
    assert set(client.hello["subs"]) == {f"$sealed:{name}", f"denied:{name}"}
    assert client.error("subscribe", channel=f"denied:{name}") == 105
    assert client.ask("unsubscribe", channel=f"denied:{name}")["unsubscribe"] == {}
    with_info = connect(ADA, subs={f"watched:{name}": {"info": {"role": "guest"}}})
    assert with_info.hear()["push"]["join"]["info"] == {
        "user": users[ADA],
        "client": with_info.hello["client"],
        "chan_info": {"role": "guest"},
    }


@pytest.mark.usefixtures("publishing")
def test_a_server_side_subscription_recovers_from_where_the_client_was(
    connect: Connect, open_client: Callable[..., Client], users: dict[str, str], name: str
) -> None:
    """It says so in `connect`; its wishes for topics that aren't its own are ignored."""
    channel = f"shallow:{name}"
    first = connect(ADA, channels=[channel])
    at = first.hello["subs"][channel]
    assert at["recoverable"]
    assert at["positioned"]
    for n in (1, 2):
        publish(channel, n, on_commit=False)
    assert [first.publication(), first.publication()] == [1, 2]

    def again(**position: Any) -> Any:
        client = open_client(is_connected=False)
        token = tokens.connection(users[ADA], channels=[channel])
        wishes = {channel: {"recover": True, **position}, f"open:{name}": {"recover": True}}
        return client.ask("connect", token=token, subs=wishes)["connect"]["subs"]

    assert again(offset=1, epoch=at["epoch"]) == {
        channel: {
            "recoverable": True,
            "positioned": True,
            "epoch": at["epoch"],
            "offset": 1,
            "was_recovering": True,
            "recovered": True,
            "publications": [{"data": 2, "offset": 2}],
        }
    }
    gap = again(offset=1, epoch="_")[channel]
    assert gap["was_recovering"]
    assert "recovered" not in gap
    assert gap["offset"] == 2


def test_more_topics_than_a_connection_may_have_end_it(
    open_client: Callable[..., Client], users: dict[str, str], name: str
) -> None:
    """The site allows four."""
    client = open_client(is_connected=False)
    channels = [f"open:{name}-{n}" for n in range(5)]
    token = tokens.connection(users[ADA], channels=channels)
    client.say(client.command("connect", token=token))
    assert client.end() == (3505, "channel limit")


def test_a_token_with_an_unknown_topic_is_refused(
    open_client: Callable[..., Client], users: dict[str, str]
) -> None:
    """The site has made a mistake, and somebody should see it."""
    client = open_client(is_connected=False)
    token = tokens.connection(users[ADA], channels=["nowhere:a"])
    assert client.error("connect", token=token) == 102
