"""The pages, as a browser without a WebSocket sees them."""

import re
from copy import deepcopy
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db

PAGES = [
    *("start", "about", "login", "index", "rooms", "dashboard"),
    *("chat", "ticker", "whiteboard", "game", "device"),
]


def connect_sources(response: Any) -> list[str]:
    policy = response.headers["Content-Security-Policy"]
    directive = next(part for part in policy.split("; ") if part.startswith("connect-src "))
    return directive.split(" ")[1:]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_nothing_inline_and_nothing_from_elsewhere(client: Client, page: str) -> None:
    """The policy forbids it; a browser would leave the page half dead."""
    html = client.get(reverse(page)).content.decode()

    # Data that scripts read is no script: browsers don't run it, and the policy lets it be.
    assert not re.search(r"<script(?![^>]*(?:\bsrc=|type=\"application/json\"))", html)
    assert not re.search(r"<style|\sstyle=|\son\w+=", html)
    assert not re.search(r"(?:src|href|action)=\"https?:", html)
    assert "ws://" not in html


@pytest.mark.parametrize(
    ("live_url", "host", "source"),
    [
        (":8001", "localhost:8000", "ws://localhost:8001"),
        (":8001", "127.0.0.1:8000", "ws://127.0.0.1:8001"),
        (":8001", "localhost", "ws://localhost:8001"),
        ("", "localhost:8000", "ws://localhost:8000"),
        ("wss://live.example.com/push", "localhost:8000", "wss://live.example.com"),
        (":8001", "[::1]:8000", "ws:"),
    ],
)
def test_the_policy_allows_the_service_s_address(
    client: Client, settings: Any, live_url: str, host: str, source: str
) -> None:
    """Without it, browsers refuse to connect. A policy can't name an IPv6 address."""
    settings.LIVE_URL = live_url

    response = client.get(reverse("start"), headers={"host": host})

    assert connect_sources(response) == ["'self'", source]


def test_an_unknown_host_is_refused_without_a_traceback(client: Client) -> None:
    """The middleware that writes the policy reads the host before anybody else does."""
    client.raise_request_exception = False

    assert client.get(reverse("start"), headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("café", "/examples/chat/caf%C3%A9/"),
        ("cafe\N{COMBINING ACUTE ACCENT}", "/examples/chat/caf%C3%A9/"),
        ("東京", "/examples/chat/%E6%9D%B1%E4%BA%AC/"),
        ("a?b#c", "/examples/chat/a%3Fb%23c/"),
    ],
)
def test_any_room_can_be_opened(client: Client, typed: str, address: str) -> None:
    """People name rooms in their own language, on keyboards that compose differently."""
    response = client.get(reverse("rooms"), {"room": typed})

    assert response.headers["Location"] == address
    assert client.get(address).status_code == 200


def test_a_room_s_page_knows_the_path_of_its_websocket(client: Client) -> None:
    """Percent-encoded as a whole, so that a slash in the name stays a part of the name."""
    html = client.get("/examples/chat/a/b & café/").content.decode()

    assert 'data-path="ws/chat/a%2Fb%20%26%20caf%C3%A9/"' in html


def test_the_lobby_has_one_address(client: Client) -> None:
    """Two addresses of one room would look like two rooms."""
    assert client.get("/examples/chat/general/").headers["Location"] == "/examples/chat/"


@pytest.mark.parametrize("name", ["x" * 101, "..", "a/../b", "   ", "a\N{BELL}b", "\0"])
def test_an_impossible_room_is_explained(client: Client, name: str) -> None:
    """A 404 would leave somebody guessing."""
    response = client.get(reverse("rooms"), {"room": name}, follow=True)

    assert response.status_code == 200
    assert 'class="notice error"' in response.content.decode()


def test_the_chat_page_links_both_cookie_jars_at_its_own_port(client: Client) -> None:
    """One browser can be two people only at two host names."""
    response = client.get(reverse("rooms"), headers={"host": "localhost:4711"}, SERVER_PORT="4711")

    html = response.content.decode()
    assert 'href="//localhost:4711/examples/chat/"' in html
    assert 'href="//127.0.0.1:4711/examples/chat/"' in html


def test_behind_a_proxy_the_jars_have_the_port_that_the_browser_uses(client: Client) -> None:
    """The container listens on 8000, and nobody can open that."""
    response = client.get(reverse("rooms"), headers={"host": "localhost:8443"}, SERVER_PORT="8000")

    assert 'href="//127.0.0.1:8443/examples/chat/"' in response.content.decode()


def test_a_page_that_is_not_there_says_so(client: Client) -> None:
    """DEBUG is off here: this is what visitors see."""
    response = client.get("/examples/nothing/")

    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()


def test_a_wrong_address_among_the_examples_gets_the_site_s_page(
    client: Client, settings: Any
) -> None:
    """Whoever tries the demonstration has DEBUG on, and isn't looking for a list of URLs."""
    settings.DEBUG = True

    response = client.get("/examples/nothing/")

    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]


def test_a_forgotten_slash_is_forgiven(client: Client) -> None:
    """The page for wrong addresses must not be faster than Django's redirect."""
    assert client.get("/examples/chat").headers["Location"] == "/examples/chat/"


def test_only_developers_are_told_where_redis_is_and_nobody_its_password(
    client: Client, settings: Any
) -> None:
    """The picture of what runs where has the real addresses."""
    layers = deepcopy(settings.CHANNEL_LAYERS)
    layers["default"]["CONFIG"]["hosts"][0]["address"] = "redis://:secret@cache.example:6399/0"
    settings.CHANNEL_LAYERS = layers

    assert "cache.example" not in client.get(reverse("about")).content.decode()

    settings.DEBUG = True
    html = client.get(reverse("about")).content.decode()
    assert "<code>cache.example:6399</code>" in html
    assert "secret" not in html


def test_elsewhere_than_on_this_machine_no_second_cookie_jar_is_offered(
    client: Client, settings: Any
) -> None:
    """The visitor's localhost is another machine's."""
    settings.ALLOWED_HOSTS = ["www.example.org"]

    html = client.get(reverse("rooms"), headers={"host": "www.example.org"}).content.decode()

    assert "127.0.0.1" not in html


def test_a_form_without_a_token_is_refused_with_advice() -> None:
    """Django's own page is styled inline, which the policy forbids."""
    response = Client(enforce_csrf_checks=True).post(reverse("send-point"))

    assert response.status_code == 403
    assert "load the page again" in response.content.decode()
