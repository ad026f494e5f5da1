"""Whoever forges, steals or mixes up tokens is refused by name, and finds nothing in the log."""

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from example.settings import SECRET_KEY
from tests.gateway import tokens
from tests.gateway.client import Client
from tests.gateway.conftest import SERVERS, SETTINGS
from tests.live import Service, Site
from tests.sites.gateway_site.keys import TOKEN_KEY

INVALID = (3500, "invalid token")
EXPIRED = {"code": 109, "message": "token expired"}
DENIED = {"code": 103, "message": "permission denied"}
LEAK_LENGTH = 17
"""A part of a token as long as this has no business in a log."""

# A token's maker gets the user's id.
FORGED: dict[str, Callable[[str], str]] = {
    "no JWT": lambda user: "nonsense",
    "three empty parts": lambda user: "..",
    "not ASCII": lambda user: "ä.ö.ü",
    "wrong key": lambda user: tokens.connection(user, key="k" * 64),
    "the key of Django": lambda user: tokens.connection(user, key=SECRET_KEY),
    "no signature": lambda user: tokens.unsigned(tokens.connection(user)),
    "another algorithm": lambda user: tokens.connection(user, algorithm="HS512"),
    "a public key's algorithm": lambda user: tokens.disguised(tokens.connection(user)),
    "an extension": lambda user: tokens.extended(tokens.connection(user)),
    "tampered": lambda user: tokens.tampered(tokens.connection(user), sub="1", aud="ws_service"),
    "wrong audience": lambda user: tokens.connection(user, aud="another"),
    "another application's": lambda user: tokens.connection(user, aud=..., iss="the-site"),
    "a list without the audience": lambda user: tokens.connection(user, aud=["one", "two"]),
    "huge": lambda user: tokens.connection(user, info=secrets.token_urlsafe(7_000)),
    "no object": lambda user: tokens.jwt.PyJWS().encode(b'["sub"]', TOKEN_KEY, "HS256"),
    "expiry as text": lambda user: tokens.connection(user, exp="tomorrow"),
    "expiry in milliseconds": lambda user: tokens.connection(user, exp=time.time() * 1e3),
}
OUT_OF_TIME: dict[str, Callable[[str], str]] = {
    "expired": lambda user: tokens.connection(user, exp=time.time() - 1),
    "expired long ago": lambda user: tokens.connection(user, exp=1),
    "not yet valid": lambda user: tokens.connection(user, nbf=time.time() + 60),
    "connection expired": lambda user: tokens.connection(user, expire_at=time.time() - 1),
}
MAKE_USERS = """
from django.contrib.auth import get_user_model
make = get_user_model().objects.create_user
gone = make(email="gone@example.com", name="Gone", password="x")
idle = make(email="idle@example.com", name="Idle", password="x", is_active=False)
print(gone.pk, idle.pk, *(get_user_model().objects.get(name=n).pk for n in ("Ada", "Grace")))
gone.delete()
"""


@pytest.fixture(scope="module", params=list(SERVERS))
def served(
    request: pytest.FixtureRequest, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The gateway site with all that the library has to say."""
    log = tmp_path_factory.mktemp(request.param) / "service.log"
    service = Service(
        site,
        log,
        SERVERS[request.param],
        settings=SETTINGS,
        environment={"WS_SERVICE_LOG_LEVEL": "DEBUG"},
    )
    service.start()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def users(site: Site) -> dict[str, str]:
    """The ids of a user who was deleted, one who is inactive, and two who are neither."""
    names = ("gone", "idle", "ada", "grace")
    return dict(zip(names, site.run_in_django(MAKE_USERS).split(), strict=True))


@pytest.fixture(scope="module")
def used() -> set[str]:
    """Every token of this module."""
    return {TOKEN_KEY, SECRET_KEY}


class Attacker:
    """Connects and subscribes with tokens, and remembers them."""

    def __init__(self, open_client: Callable[..., Client], used: set[str]) -> None:
        self._open = open_client
        self._used = used

    def connect(self, token: str, **options: Any) -> Client | dict[str, Any] | tuple[int, str]:
        """The client; or the error; or the end."""
        self._used.add(token)
        client = self._open(is_connected=False, **options)
        client.say(command := client.command("connect", token=token))
        if (reply := client.reply_or_end(command["id"])) is None:
            return client.end()
        return reply.get("error") or client

    def subscribe(self, client: Client, channel: str, token: str) -> Any:
        """What the reply has; or the end."""
        self._used.add(token)
        client.say(command := client.command("subscribe", channel=channel, token=token))
        if (reply := client.reply_or_end(command["id"])) is None:
            return client.end()
        return reply.get("error") or reply["subscribe"]


@pytest.fixture
def attacker(open_client: Callable[..., Client], used: set[str]) -> Attacker:
    return Attacker(open_client, used)


# --- At the door ---------------------------------------------------------------------------


@pytest.mark.promise("tokens")
@pytest.mark.parametrize("kind", FORGED)
def test_what_is_no_token_of_this_deployment_ends_the_connection(
    attacker: Attacker, users: dict[str, str], kind: str
) -> None:
    """For good: client libraries don't come back with it."""
    assert attacker.connect(FORGED[kind](users["ada"])) == INVALID


@pytest.mark.parametrize("kind", OUT_OF_TIME)
def test_what_is_out_of_time_is_told_so(
    attacker: Attacker, users: dict[str, str], kind: str
) -> None:
    """Client libraries fetch another one."""
    assert attacker.connect(OUT_OF_TIME[kind](users["ada"])) == EXPIRED


@pytest.mark.parametrize("who", ["gone", "idle", "nobody", "007", " 1", "1\n", "١"])
def test_a_token_of_nobody_who_may_come_ends_the_connection(
    attacker: Attacker, users: dict[str, str], who: str
) -> None:
    """Deleted, deactivated, never there; and other ways to write somebody's id."""
    assert attacker.connect(tokens.connection(users.get(who, who))) == INVALID


def test_a_subscription_token_opens_no_connection(
    attacker: Attacker, users: dict[str, str]
) -> None:
    """They are handed to pages of others: one for a topic must not make anybody Ada."""
    assert attacker.connect(tokens.subscription(users["ada"], "open:a")) == INVALID
    assert attacker.connect(tokens.subscription(users["ada"], "")) == INVALID


def test_a_cookie_is_no_excuse_for_a_bad_token(
    attacker: Attacker, users: dict[str, str], site: Site
) -> None:
    """Whoever sends a token means to be who it says."""
    cookie = site.cookie_of("Ada")
    assert attacker.connect(tokens.connection(users["ada"], key="k" * 64), cookie=cookie) == INVALID
    late = tokens.connection(users["ada"], exp=time.time() - 1)
    assert attacker.connect(late, cookie=cookie) == EXPIRED
    grace = attacker.connect(tokens.connection(users["grace"]), cookie=cookie)
    assert isinstance(grace, Client)
    assert grace.error("subscribe", channel=f"mine:{users['ada']}") == 103
    assert grace.ask("subscribe", channel=f"mine:{users['grace']}")["subscribe"]


def test_without_a_token_nobody_has_a_name(client: Client, users: dict[str, str]) -> None:
    """Anonymous, and let in only where that is enough."""
    assert client.error("subscribe", channel=f"mine:{users['ada']}") == 103
    assert client.error("subscribe", channel="$sealed:a") == 103
    assert client.ask("subscribe", channel="open:a")["subscribe"]


# --- At a topic ----------------------------------------------------------------------------


@pytest.fixture
def ada(attacker: Attacker, users: dict[str, str]) -> Client:
    client = attacker.connect(tokens.connection(users["ada"]))
    assert isinstance(client, Client)
    return client


@pytest.mark.parametrize("kind", FORGED)
def test_what_is_no_token_opens_no_topic(
    attacker: Attacker, ada: Client, users: dict[str, str], kind: str
) -> None:
    """And the connection stays: the page has others open."""
    forged = FORGED[kind](users["ada"])
    assert attacker.subscribe(ada, "$sealed:a", forged) == DENIED
    assert attacker.subscribe(ada, "open:a", forged) == DENIED
    assert ada.error("rpc", method="unknown") == 108


def test_what_is_out_of_time_opens_no_topic(
    attacker: Attacker, ada: Client, users: dict[str, str]
) -> None:
    """Client libraries fetch another one."""
    for times in ({"exp": 1}, {"nbf": time.time() + 60}, {"expire_at": 1}):
        late = tokens.subscription(users["ada"], "$sealed:a", **times)
        assert attacker.subscribe(ada, "$sealed:a", late) == EXPIRED


def test_a_connection_token_opens_no_topic(
    attacker: Attacker, ada: Client, users: dict[str, str]
) -> None:
    """Everybody has one."""
    assert attacker.subscribe(ada, "$sealed:a", tokens.connection(users["ada"])) == DENIED
    empty = tokens.subscription(users["ada"], "")
    assert attacker.subscribe(ada, "$sealed:a", empty) == DENIED


@pytest.mark.parametrize("whose", ["another topic's", "another user's", "nobody's", "a client's"])
def test_a_good_token_for_something_else_ends_the_connection(
    attacker: Attacker, ada: Client, users: dict[str, str], whose: str
) -> None:
    """That is no mistake of a clock."""
    stolen = {
        "another topic's": tokens.subscription(users["ada"], "$sealed:b"),
        "another user's": tokens.subscription(users["grace"], "$sealed:a"),
        "nobody's": tokens.subscription(..., "$sealed:a"),
        "a client's": tokens.subscription(users["ada"], "$sealed:a", client="another"),
    }[whose]
    assert attacker.subscribe(ada, "$sealed:a", stolen) == INVALID


def test_the_right_token_opens_the_topic(
    attacker: Attacker, ada: Client, users: dict[str, str]
) -> None:
    """Else everything above would prove nothing."""
    right = tokens.subscription(users["ada"], "$sealed:a")
    assert attacker.subscribe(ada, "$sealed:a", right)["expires"]
    again = tokens.subscription(users["ada"], "denied:a", exp=...)
    assert "expires" not in attacker.subscribe(ada, "denied:a", again)


# --- Afterwards ----------------------------------------------------------------------------


@pytest.mark.promise("tokens")
def test_the_log_has_no_part_of_a_token_and_no_traceback(served: Service, used: set[str]) -> None:
    """Logs are read by more people than tokens are meant for. (It runs last.)"""
    log = served.child.log.read_text()
    assert len(used) > 30
    assert "Traceback" not in log
    assert "ERROR" not in log
    parts = {
        token[at : at + LEAK_LENGTH] for token in used for at in range(len(token) - LEAK_LENGTH + 1)
    }
    said = {log[at : at + LEAK_LENGTH] for at in range(len(log) - LEAK_LENGTH + 1)}
    assert parts & said == set()
