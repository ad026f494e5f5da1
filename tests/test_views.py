"""The view that gives tokens to a page."""

import sys
import time
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import AsyncClient, Client
from django.urls import include, path

from ws_service import Topic, topic
from ws_service.conf import load_config
from ws_service.identity.tokens import TokenKeys

pytestmark = pytest.mark.django_db

urlpatterns = [path("live/", include("ws_service.urls"))]
URL = "/live/token/"


class OwnTopic(Topic):
    """For the user whose id it names."""

    def can_subscribe(self) -> bool:
        return self.user.pk == self.kwargs["pk"]

    def info(self) -> Any:
        return {"name": self.user.name}


class AsyncTopic(Topic):
    """Asks asynchronously."""

    async def can_subscribe(self) -> bool:
        return bool(self.user.is_authenticated)


class OpenTopic(Topic):
    """Strangers may."""

    def can_subscribe(self) -> bool:
        return True


class RaisingTopic(Topic):
    """Says no as views do."""

    def can_subscribe(self) -> bool:
        if self.kwargs["how"] == "forbidden":
            raise PermissionDenied
        raise Http404


class ConfusedTopic(Topic):
    """Gives a promise instead of an answer."""

    def can_subscribe(self) -> Any:
        return AsyncTopic.can_subscribe(self)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def site_settings(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site that includes the paths."""
    routing = ModuleType("view_routing")
    routing.topics = [  # type: ignore[attr-defined]
        topic("own:<int:pk>", OwnTopic),
        topic("async", AsyncTopic),
        topic("open", OpenTopic),
        topic("raising:<str:how>", RaisingTopic),
        topic("confused", ConfusedTopic),
        topic("closed", Topic),
    ]
    monkeypatch.setitem(sys.modules, "view_routing", routing)
    settings.WS_SERVICE = {"ROUTING": "view_routing", "REDIS_URL": "redis://nowhere.invalid"}
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ]


@pytest.fixture
def ada(db: None) -> Any:
    return get_user_model().objects.create_user(email="ada@example.org", password="x", name="Ada")


@pytest.fixture
def client(ada: Any) -> Client:
    """Ada's browser."""
    client = Client()
    client.force_login(ada)
    return client


def ask(client: Client, body: Any) -> Any:
    return client.post(URL, body, content_type="application/json")


def verify(response: Any, channel: str, user: str) -> Any:
    assert response.status_code == 200, response.content
    keys = TokenKeys.from_config(load_config())
    return keys.verify_subscription(response.json()["token"], channel, user, "c", time.time())


@pytest.mark.parametrize("body", [{}, "", {"channel": None}])
def test_who_is_logged_in_gets_a_token_for_a_connection(
    client: Client, ada: Any, body: Any
) -> None:
    """What the SDK's ``getToken`` fetches; nothing on the way may keep it."""
    response = ask(client, body)
    keys = TokenKeys.from_config(load_config())
    claims = keys.verify_connection(response.json()["token"], time.time())
    assert claims.user == str(ada.pk)
    assert claims.expires_at is not None
    assert "no-store" in response["Cache-Control"]
    assert response["Content-Type"] == "application/json"


def test_who_is_not_logged_in_gets_none() -> None:
    """A refusal that ends the SDK's attempts."""
    response = ask(Client(), {})
    assert response.status_code == 403
    assert response.json() == {"error": "nobody is logged in"}


def test_a_topic_is_asked_in_the_sites_own_request(client: Client, ada: Any) -> None:
    """The service that gets the token may not have the site's code."""
    channel = f"own:{ada.pk}"
    assert verify(ask(client, {"channel": channel}), channel, str(ada.pk)).info == {"name": "Ada"}
    verify(ask(client, {"channel": "async"}), "async", str(ada.pk))


def test_strangers_get_a_token_for_what_is_open() -> None:
    """The topic decides, not the login."""
    verify(ask(Client(), {"channel": "open"}), "open", "")


@pytest.mark.parametrize("channel", ["own:0", "closed", "raising:forbidden", "raising:404"])
def test_what_a_user_may_not_see_gives_no_token(client: Client, channel: str) -> None:
    """403, which the SDK doesn't repeat."""
    response = ask(client, {"channel": channel})
    assert response.status_code == 403
    assert "may not subscribe" in response.json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        {"channel": "unknown:1"},
        {"channel": ""},
        {"channel": 42},
        {"channel": "ws_service:control"},
        [],
        "{",
        '"text"',
        "[" * 3_000,
        '{"channel": "\\ud800"}',
        "x" * 10_000,
    ],
)
def test_what_is_not_understood_is_refused(client: Client, body: Any) -> None:
    """400 with a reason, as JSON, whatever is sent."""
    response = ask(client, body)
    assert response.status_code == 400
    assert response.json()["error"]


@pytest.mark.parametrize("method", ["get", "put", "delete", "head", "options"])
def test_a_token_is_never_a_mere_link_away(client: Client, method: str) -> None:
    """405: links and images of other sites only GET."""
    response = getattr(client, method)(URL)
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert "no-store" in response["Cache-Control"]


def test_another_sites_page_gets_none(ada: Any) -> None:
    """Checked here, even where the site doesn't check everything."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    assert ask(client, {}).status_code == 403


def test_a_policy_that_forgot_to_wait_is_no_permission(client: Client) -> None:
    """A coroutine is always true."""
    with pytest.raises(TypeError, match="async def"):
        ask(client, {"channel": "confused"})


@pytest.mark.django_db(transaction=True)
async def test_it_works_under_asgi_too(ada: Any) -> None:
    """Some sites serve their pages that way."""
    client = AsyncClient()
    await client.aforce_login(ada)
    response = await client.post(URL, {"channel": "async"}, content_type="application/json")
    verify(response, "async", str(ada.pk))
