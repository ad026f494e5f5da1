"""What plain HTTP gets: 426 (RFC 9110 section 15.5.22), and what to do instead."""

from typing import Final

from ws_service.asgi_types import Scope, Send

_BODY: Final = b"""\
426 Upgrade Required

This is a WebSocket service (django-ws-service); it answers no HTTP requests.
Open it with a WebSocket client (ws:// or wss://). Pages come from the site's web container.

Health: connect a WebSocket to /ws/health/, or run in the container
    python -m ws_service.probe --live     does the service shake hands?
    python -m ws_service.probe --ready    and does its channel layer answer?
"""


async def answer_http(scope: Scope, send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": 426,
            "headers": [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", str(len(_BODY)).encode()),
                (b"upgrade", b"websocket"),
                (b"connection", b"Upgrade"),
                (b"cache-control", b"no-store"),
            ],
        }
    )
    body = b"" if scope["method"] == "HEAD" else _BODY
    await send({"type": "http.response.body", "body": body})
