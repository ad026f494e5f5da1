"""The service without a site's code: topics from a file, users by their tokens."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest

from tests.gateway.client import Client
from tests.live import CHECKOUT, Service, Site, bare_environment, wait_until
from ws_service import publish, topic_name
from ws_service.publishing.broker import close_publisher

KEY = "a key that the gateway shares with whoever issues tokens"
SERVE = ("-m", "ws_service", "serve", "--bind", "127.0.0.1:{port}")
TOPICS = """
[[topics]]
pattern = "news"
allow = "public"

[[topics]]
pattern = "orders:<int:pk>"
allow = "token"

[[topics]]
pattern = "notes:<str:user>"
allow = "owner"
publish = "owner"

[[topics]]
pattern = "#<str:user>"
name = "user"
allow = "owner"
at_connect = true
"""


@pytest.fixture(scope="module")
def prefix() -> str:
    return f"gateway-{uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def environment(prefix: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All it needs; and a database of which nothing may be read."""
    topics = tmp_path_factory.mktemp("etc") / "topics.toml"
    topics.write_text(TOPICS)
    return {
        "WS_SERVICE_TOKEN_KEY": KEY,
        "WS_SERVICE_TOPICS": str(topics),
        "WS_SERVICE_PREFIX": prefix,
        "DATABASE_URL": "of no kind",
    }


@pytest.fixture(scope="module")
def gateway(
    site: Site, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    log = tmp_path_factory.mktemp("gateway") / "service.log"
    service = Service(site, log, SERVE, settings="settings.gateway", environment=environment)
    yield service.start()
    service.stop()


@pytest.fixture
def publisher(settings: Any, site: Site, prefix: str) -> Iterator[None]:
    """A site that knows the Redis, and neither the file nor the key."""
    settings.WS_SERVICE = {"REDIS_URL": site.redis_url, "PREFIX": prefix}
    yield
    close_publisher()


Meet = Callable[..., Any]


@pytest.fixture
def meet(gateway: Service) -> Meet:
    """``with meet() as client``: a client of the gateway that has not said anything yet."""

    @contextmanager
    def meet() -> Iterator[Client]:
        with gateway.connect("/connection/websocket", origin=None) as socket:
            yield Client(socket)

    return meet


def token(**claims: Any) -> str:
    """As somebody else's JWT library writes it."""
    return jwt.encode({"aud": "ws_service", "exp": time.time() + 60} | claims, KEY, "HS256")


@pytest.mark.usefixtures("publisher")
def test_a_token_says_who_somebody_is_and_the_file_what_they_may_see(
    meet: Meet, gateway: Service
) -> None:
    """No database, no secret key, no code of the site: and no traceback."""
    secret = token(sub="42")
    permission = token(sub="42", channel="orders:7")
    with meet() as client:
        connected = client.ask("connect", token=secret)["connect"]
        assert list(connected["subs"]) == ["#42"]
        assert client.error("subscribe", channel="orders:7") == 103
        assert "subscribe" in client.ask("subscribe", channel="orders:7", token=permission)
        assert "subscribe" in client.ask("subscribe", channel="notes:42")
        assert client.error("subscribe", channel="notes:43") == 103
        publish("orders:7", {"state": "paid"}, on_commit=False)
        assert client.publication() == {"state": "paid"}
        publish("#42", "hello", on_commit=False)
        assert client.publication() == "hello"
        assert "publish" in client.ask("publish", channel="notes:42", data=[1])
    log = gateway.child.tail(500)
    assert "Traceback" not in log
    for text in (secret, permission, KEY):
        assert text not in log


@pytest.mark.usefixtures("publisher")
@pytest.mark.parametrize("sub", ["a/b", "https://idp.example/users/7", "ü 😀 50%#:"])
def test_whatever_an_identity_provider_calls_its_users_each_has_a_topic(
    meet: Meet, sub: str
) -> None:
    """And the site, which knows neither the code nor the file, reaches them."""
    with meet() as client:
        assert list(client.ask("connect", token=token(sub=sub))["connect"]["subs"]) == [f"#{sub}"]
        publish(topic_name("user", user=sub), "hello", on_commit=False)
        assert client.publication() == "hello"
        assert "subscribe" in client.ask("subscribe", channel=f"notes:{sub}")
        assert client.error("subscribe", channel=f"notes:{sub}/") == 103


def test_a_user_without_a_possible_topic_is_refused_for_good(meet: Meet, gateway: Service) -> None:
    """By name, in the log and on the wire; a client that tries again would try for ever."""
    with meet() as client:
        error = client.ask("connect", token=token(sub="x" * 255))["error"]
    assert (error["code"], error.get("temporary")) == (107, None)
    assert "name that can't be" in error["message"]
    wait_until(lambda: "a topic name has 255 bytes at most" in gateway.child.tail(500))


def test_a_stranger_may_what_the_file_gives_to_everybody(meet: Meet) -> None:
    """And nothing else: there is no cookie that could say more."""
    with meet() as client:
        assert "subs" not in client.ask("connect")["connect"]
        assert "subscribe" in client.ask("subscribe", channel="news")
        for channel in ("orders:7", "notes:42", "notes:None", "#42", "#None"):
            assert client.error("subscribe", channel=channel) == 103
        assert client.error("subscribe", channel="unknown") == 102


def test_a_token_of_somebody_else_opens_nothing(meet: Meet) -> None:
    """Signed by another application, with another key."""
    with meet() as client:
        client.say(client.command("connect", token=jwt.encode({"sub": "42"}, KEY * 2, "HS256")))
        assert client.end()[0] == 3500


def refusal(**environment: str) -> str:
    """What it says when it doesn't start."""
    finished = subprocess.run(
        [sys.executable, *SERVE[:3]],
        env=bare_environment() | {"DJANGO_SETTINGS_MODULE": "settings.gateway"} | environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode != 0
    return finished.stderr


@pytest.mark.promise("bad-environment")
def test_all_that_the_gateway_misses_is_named_at_once() -> None:
    """Three variables, and not one of a site's."""
    said = refusal()
    for name in ("REDIS_URL", "WS_SERVICE_TOKEN_KEY", "WS_SERVICE_TOPICS"):
        assert f"  {name} is not set" in said
    assert "SECRET_KEY" not in said
    assert "DATABASE_URL" not in said


def test_a_wrong_file_stops_the_start(environment: dict[str, str], tmp_path: Path) -> None:
    """With the file, the entry and what was meant, in a container's log."""
    path = tmp_path / "topics.toml"
    path.write_text('[[topics]]\npattern = "news"\nalow = "public"\n')
    environment = environment | {"WS_SERVICE_TOPICS": str(path), "REDIS_URL": "redis://localhost"}
    said = refusal(**environment)
    assert f"{path}: topic 1 ('news'): unknown key 'alow'; did you mean 'allow'?" in said
    assert "Traceback" not in said
