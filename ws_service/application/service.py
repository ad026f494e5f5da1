"""The outermost application: one branch for each kind of scope."""

from collections.abc import Awaitable, Callable

from ws_service.application.lifespan import answer_lifespan
from ws_service.application.upgrade_required import answer_http
from ws_service.asgi_types import ASGIApplication, Receive, Scope, Send
from ws_service.health import HEALTH_PATH


class WebSocketService:
    """WebSocket only: HTTP gets a fixed answer, the health endpoint is always there."""

    def __init__(
        self,
        websocket: ASGIApplication,
        health: ASGIApplication,
        on_shutdown: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.websocket = websocket
        self.health = health
        self.on_shutdown = on_shutdown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "websocket" if _path_below_root(scope) == HEALTH_PATH:
                await self.health(scope, receive, send)
            case "websocket":
                await self.websocket(scope, receive, send)
            case "http":
                await answer_http(scope, send)
            case "lifespan":
                await answer_lifespan(receive, send, self.on_shutdown)
            case other:
                # ASGI asks for an exception: the server then knows the scope is unsupported.
                raise ValueError(f"django-ws-service does not speak {other!r}")


def _path_below_root(scope: Scope) -> str:
    """The path as the routing sees it: a server's ``--root-path`` is not part of it."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "").rstrip("/"))
