from typing import Any

import pytest
from django.test import override_settings

from ws_service import get_websocket_application
from ws_service.conf import InvalidSettings


async def talk(scope: dict[str, Any], *received: dict[str, Any]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    events = iter(received)

    async def receive() -> dict[str, Any]:
        return next(events)

    async def send(event: Any) -> None:
        sent.append(event)

    await get_websocket_application()(scope, receive, send)
    return sent


@pytest.mark.promise("http-426")
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_http_gets_a_fixed_answer(method: str) -> None:
    """A probe or a person with curl is told what this is."""
    start, body = await talk({"type": "http", "method": method, "path": "/"})
    assert start["status"] == 426
    assert dict(start["headers"])[b"upgrade"] == b"websocket"
    assert (body["body"] == b"") is (method == "HEAD")


async def test_lifespan_is_answered() -> None:
    """Uvicorn asks, and would log an error."""
    sent = await talk(
        {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}
    )
    assert [event["type"] for event in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


@pytest.mark.promise("health-always")
async def test_health_is_below_a_servers_root_path() -> None:
    """``uvicorn --root-path /live``: the routes are there too."""
    scope = {"type": "websocket", "path": "/live/ws/health/", "root_path": "/live"}
    sent = await talk(scope, {"type": "websocket.connect"}, {"type": "websocket.disconnect"})
    assert sent == [{"type": "websocket.accept"}]


async def test_an_unknown_scope_is_an_error_for_the_server() -> None:
    """ASGI wants an exception, so that a server knows that it is not supported."""
    with pytest.raises(ValueError, match="webtransport"):
        await talk({"type": "webtransport"})


@override_settings(WS_SERVICE={"ROUTNG": "x", "DATABASE_THREADS": 0})
def test_wrong_settings_stop_the_start_with_all_of_them() -> None:
    """Also under a plain ``uvicorn asgi:application``, which runs no system checks."""
    with pytest.raises(InvalidSettings) as refused:
        get_websocket_application()
    assert "unknown key 'ROUTNG'" in str(refused.value)
    assert "must be 1 or more, not 0" in str(refused.value)
