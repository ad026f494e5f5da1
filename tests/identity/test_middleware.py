from typing import Any

import pytest

from ws_service.conf import load_config
from ws_service.database_threads import DatabaseThreads
from ws_service.identity.middleware import IdentityMiddleware


async def handshake(
    headers: list[tuple[bytes, bytes]], extensions: Any = ()
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Returns the scopes that reached the application and the events that were sent."""
    reached: list[dict[str, Any]] = []
    sent: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope)

    async def send(event: Any) -> None:
        sent.append(event)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    middleware = IdentityMiddleware(application, load_config(), DatabaseThreads(1))
    scope = {
        "type": "websocket",
        "headers": headers,
        "extensions": {name: {} for name in extensions},
    }
    await middleware(scope, receive, send)
    return reached, sent


async def test_a_stranger_costs_no_query() -> None:
    """Without a session cookie there is nothing to ask (the database is blocked here)."""
    reached, sent = await handshake([(b"origin", b"http://localhost")])
    assert not reached[0]["user"].is_authenticated
    assert reached[0]["session"].session_key is None
    assert sent == []


async def test_other_cookies_are_handed_on() -> None:
    """A consumer may read the site's language cookie; split cookie headers are joined."""
    headers = [(b"origin", b"http://localhost"), (b"cookie", b"a=1; b=2"), (b"cookie", b"c=3")]
    reached, _ = await handshake(headers)
    assert reached[0]["cookies"] == {"a": "1", "b": "2", "c": "3"}


async def test_without_an_origin_no_cookie_is_handed_on() -> None:
    """Not a browser: nothing in its cookie header is a user's own act."""
    reached, _ = await handshake([(b"cookie", b"a=1")])
    assert reached[0]["cookies"] == {}


@pytest.mark.promise("unreachable-store")
@pytest.mark.parametrize(
    ("extensions", "answer"),
    [
        ((), ["websocket.accept", "websocket.close"]),
        (
            ("websocket.http.response",),
            ["websocket.http.response.start", "websocket.http.response.body"],
        ),
    ],
)
async def test_a_store_that_fails_refuses_for_now(
    extensions: tuple[str, ...], answer: list[str]
) -> None:
    """503, or 1013 where a server can't say it; never anonymous. The database is blocked here."""
    headers = [(b"origin", b"http://localhost"), (b"cookie", b"example_sessionid=" + b"k" * 32)]
    reached, sent = await handshake(headers, extensions)
    assert reached == []
    assert [event["type"] for event in sent] == answer
    assert 1013 in sent[-1].values() or sent[0].get("status") == 503
