"""Stock Daphne, with the few repairs that a WebSocket-only service can't do without."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import defer
from twisted.python.failure import Failure
from twisted.web import http

from ws_service.asgi_types import ASGIApplication, Event, Receive, Scope, Send
from ws_service.bind import Bind
from ws_service.errors import CloseCode

logger = logging.getLogger(__name__)

REASON_LIMIT_BYTES: Final = 123  # RFC 6455 section 5.5: a control frame has 125 at most

# The one status that this service answers HTTP with; Twisted's table doesn't have its name.
http.RESPONSES.setdefault(426, b"Upgrade Required")


class CloseWithAnyCode(WebSocketProtocol):  # type: ignore[misc]  # Daphne has no types
    """Daphne's protocol, but a close carries the code and the reason that it was given.

    Stock Daphne raises for the codes 1001 to 2999 (1011, 1012, 1013 …), which leaves the
    connection open, and drops the reason.
    """

    def handle_reply(self, message: Event) -> None:
        if message["type"] == "websocket.close" and self.state == self.STATE_OPEN:
            reason = (message.get("reason") or "").encode()[:REASON_LIMIT_BYTES]
            code = int(message.get("code") or CloseCode.NORMAL)
            self.sendCloseFrame(code=code, reasonUtf8=reason.decode(errors="ignore").encode())
        else:
            super().handle_reply(message)


class DaphneServer(Server):  # type: ignore[misc]  # Daphne has no types
    """Daphne that stops every application and tells when it could not listen."""

    has_failed = False

    def listen_error(self, failure: Failure) -> None:
        logger.critical("Can't listen: %s", failure.getErrorMessage())
        self.has_failed = True
        self.stop()

    def kill_all_applications(self) -> defer.Deferred[Any]:
        # Daphne's own raises KeyError when one connection is between two states, and then
        # leaves all others to be cut. Cancelled applications close with 1012 and clean up.
        applications = [
            details["application_instance"]
            for details in self.connections.values()
            if "application_instance" in details and not details["application_instance"].done()
        ]
        for application in applications:
            application.cancel()
        logger.info("Stopping: %d connections told to come back later", len(applications))
        stopped = asyncio.gather(*applications, return_exceptions=True)
        return defer.Deferred.fromFuture(stopped)


def endpoint_of(bind: Bind) -> str:
    """The Twisted endpoint description of an address."""
    if bind.unix_path is not None:
        return f"unix:{_escape(bind.unix_path)}"
    return f"tcp:port={bind.port}:interface={_escape(bind.host)}"


def serve(
    application: ASGIApplication,
    endpoints: Sequence[str],
    *,
    ping_interval_s: float,
    message_limit_bytes: int,
    handles_signals: bool = True,
) -> int:
    """Serve until SIGTERM or SIGINT. Blocks. Returns the exit status.

    endpoints: Twisted endpoint descriptions.
    handles_signals: False under the reloader, which runs this outside the main thread.
    """
    logging.getLogger("daphne").setLevel(logging.WARNING)  # our own lines say the same, once
    server: DaphneServer = DaphneServer(
        application=_without_root_path(application),
        ready_callable=lambda: setattr(server.ws_factory, "protocol", CloseWithAnyCode),
        endpoints=list(endpoints),
        signal_handlers=handles_signals,
        ping_interval=ping_interval_s,
        ping_timeout=ping_interval_s,
        websocket_timeout=-1,
        websocket_max_message_size=message_limit_bytes,
        websocket_max_frame_size=message_limit_bytes,
        server_name="ws-service",
    )
    server.run()
    return 1 if server.has_failed else 0


def _without_root_path(application: ASGIApplication) -> ASGIApplication:
    """Daphne believes a root path that the client sends in a header; this service has none."""

    async def rooted(scope: Scope, receive: Receive, send: Send) -> None:
        scope["root_path"] = ""
        await application(scope, receive, send)

    return rooted


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace(":", r"\:").replace("=", r"\=")
