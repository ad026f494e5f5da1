import functools
import sys
from types import ModuleType
from typing import Any

import pytest
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import URLRouter
from django.urls import path

from ws_service.application.routing import load_urlpatterns, websocket_router
from ws_service.errors import InvalidRouting


class SomeConsumer(AsyncWebsocketConsumer):
    pass


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType("made_routing")
    monkeypatch.setitem(sys.modules, "made_routing", made)
    return made


def refusal_of(name: str | None) -> str:
    with pytest.raises(InvalidRouting) as refused:
        load_urlpatterns(name)
    return str(refused.value)


def test_a_missing_routing_says_what_to_write() -> None:
    """The first error of a newcomer."""
    assert 'WS_SERVICE = {"ROUTING": "mysite.routing"}' in refusal_of(None)


def test_a_module_that_is_not_there_is_named() -> None:
    """A typo."""
    assert "'nowhere.routing' can't be imported" in refusal_of("nowhere.routing")


def test_a_module_without_the_list_is_named(module: ModuleType) -> None:
    """``urlpatterns`` instead of ``websocket_urlpatterns``."""
    assert "made_routing has no list websocket_urlpatterns" in refusal_of("made_routing")


def test_a_forgotten_as_asgi_is_named(module: ModuleType) -> None:
    """Channels fails at the first connection, with a TypeError."""
    module.websocket_urlpatterns = [path("x/", SomeConsumer)]  # type: ignore[attr-defined]
    assert "write SomeConsumer.as_asgi()" in refusal_of("made_routing")


def test_an_include_is_named(module: ModuleType) -> None:
    """Habit from urls.py."""
    module.websocket_urlpatterns = [URLRouter([])]  # type: ignore[attr-defined]
    assert "use path() or re_path()" in refusal_of("made_routing")


def test_the_consumer_that_never_was_is_explained(tmp_path: Any, monkeypatch: Any) -> None:
    """Half the tutorials' readers look for a SyncWebsocketConsumer."""
    (tmp_path / "old_routing.py").write_text(
        "from channels.generic.websocket import SyncWebsocketConsumer\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert "Channels calls its synchronous consumer WebsocketConsumer" in refusal_of("old_routing")


def staff_only(application: Any) -> Any:
    """A decorator as sites write them: wraps() copies the consumer's attributes along."""

    @functools.wraps(application)
    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        if scope.get("is_staff"):
            await application(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 4403})

    return guarded


async def test_a_decorator_around_a_consumer_is_never_taken_off() -> None:
    """It may be what forbids."""
    sent: list[dict[str, Any]] = []

    async def send(event: Any) -> None:
        sent.append(event)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    router = websocket_router([path("secret/", staff_only(SomeConsumer.as_asgi()))])
    await router({"type": "websocket", "path": "/secret/"}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 4403}]


@pytest.mark.parametrize("name", ["", ".relative", "with space"])
def test_a_name_that_is_no_module_is_named(name: str) -> None:
    """An empty variable, a copied relative import."""
    assert "can't be imported" in refusal_of(name)


async def events_for(path_asked: str, **scope: Any) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def says_where(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "reached", **scope["url_route"]["kwargs"]})

    async def send(event: Any) -> None:
        sent.append(event)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    router = websocket_router(
        [
            path("plain/<int:pk>/", says_where),
            path("nested/<str:tenant>/", URLRouter([path("inner/", says_where)])),
        ]
    )
    await router({"type": "websocket", "path": path_asked, **scope}, receive, send)
    return sent


@pytest.mark.parametrize(
    ("asked", "arguments"),
    [("/plain/7/", {"pk": 7}), ("/nested/acme/inner/", {"tenant": "acme"})],
)
async def test_paths_are_matched_as_in_urls(asked: str, arguments: dict[str, Any]) -> None:
    """Converters and nested routers."""
    assert await events_for(asked) == [{"type": "reached", **arguments}]


@pytest.mark.promise("unknown-path")
@pytest.mark.parametrize("asked", ["/", "/plain/x/", "/nested/acme/", "/nested/acme/inner/more/"])
async def test_what_nothing_matches_is_refused(asked: str) -> None:
    """No exception, no traceback."""
    assert await events_for(asked) == [{"type": "websocket.close"}]


async def test_a_path_outside_the_root_path_is_refused() -> None:
    """URLRouter raises here; the root path may be a client's word."""
    assert await events_for("/plain/7/", root_path="/else") == [{"type": "websocket.close"}]


async def test_a_servers_root_path_is_taken_off() -> None:
    """``uvicorn --root-path /live``."""
    assert await events_for("/live/plain/7/", root_path="/live") == [{"type": "reached", "pk": 7}]
