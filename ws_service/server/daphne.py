"""Stock Daphne, with the few repairs that a WebSocket-only service can't do without."""

import asyncio
import logging
import os
import signal
from collections.abc import Sequence
from typing import Any, Final

from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import defer, reactor
from twisted.internet.address import UNIXAddress
from twisted.internet.error import CannotListenError
from twisted.python.failure import Failure
from twisted.web import http

from ws_service.asgi_types import ASGIApplication, Event, Receive, Scope, Send
from ws_service.bind import Bind
from ws_service.errors import CloseCode, is_sendable
from ws_service.server.unread import Unread

logger = logging.getLogger(__name__)

REASON_LIMIT_BYTES: Final = 123  # RFC 6455 section 5.5: a control frame has 125 at most

HANDSHAKE_LIMIT_S: Final = 20
"""For the application's answer: identity may take 4 s, a consumer's connect() its own time."""

STOP_LIMIT_S: Final = 25.0
"""For all connections to end. Orchestrators kill after 30 s."""


class ServiceProtocol(WebSocketProtocol):  # type: ignore[misc]  # Daphne has no types
    """Daphne's protocol, but what the application sends is what goes out.

    Stock Daphne raises for close codes from 1001 to 2999 (1011, 1012, 1013 …), which leaves the
    connection open, drops the reason, never sends an empty message, refuses to send more than it
    would take from a client, and takes from a client whatever comes, read or not.
    """

    maxMessagePayloadSize: int  # noqa: N815 - autobahn's names
    autoPingTimeoutCall: Any  # noqa: N815
    autoPingPendingCall: Any  # noqa: N815

    def applicationCreateWorked(self, application_queue: asyncio.Queue[Any]) -> None:  # noqa: N802
        self._unread = Unread(application_queue, self.transport, self._ping_anew)
        super().applicationCreateWorked(application_queue)

    def onAutoPingTimeout(self) -> None:  # noqa: N802
        # While the client isn't read from, its pong stands behind the rest: our delay, not its own.
        if not self._unread.is_paused:
            super().onAutoPingTimeout()

    def _ping_anew(self) -> None:
        """It is read from again: whatever it was asked before doesn't count any more."""
        if not self.autoPingInterval or self.state != self.STATE_OPEN:
            return
        for call in (self.autoPingTimeoutCall, self.autoPingPendingCall):
            if call is not None:
                call.cancel()
        self.autoPingPendingCall = self.autoPingTimeoutCall = None
        self._sendAutoPing()

    def handle_reply(self, message: Event) -> None:
        if self.state != self.STATE_OPEN:
            super().handle_reply(message)
        elif message["type"] == "websocket.close":
            self._close(message.get("code") or CloseCode.NORMAL, message.get("reason") or "")
        elif message["type"] == "websocket.send" and message.get("bytes") is not None:
            self.serverSend(message["bytes"], True)
        elif message["type"] == "websocket.send":
            self.serverSend(message["text"], False)
        else:
            super().handle_reply(message)

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:  # noqa: N802
        # The limit is for what clients send; autobahn would hold us to it as well, and raise.
        limit_bytes, self.maxMessagePayloadSize = self.maxMessagePayloadSize, 0
        try:
            super().serverSend(content, binary)
        finally:
            self.maxMessagePayloadSize = limit_bytes

    def _close(self, code: int, reason: str) -> None:
        if not is_sendable(code):
            raise ValueError(f"{code!r} is no close code: use 1000 or 3000 to 4999")
        # Cut to the limit, then to a whole character.
        text = reason.encode()[:REASON_LIMIT_BYTES].decode(errors="ignore")
        self.sendCloseFrame(code=code, reasonUtf8=text.encode())


class DaphneServer(Server):  # type: ignore[misc]  # Daphne has no types
    """Daphne that tells where it listens and when it can't, and stops in order."""

    def __init__(self, **options: Any) -> None:
        super().__init__(ready_callable=self._use_service_protocol, **options)
        self.failures: list[str] = []
        self._ports: list[Any] = []  # twisted.internet.interfaces.IListeningPort

    def _use_service_protocol(self) -> None:
        self.ws_factory.protocol = ServiceProtocol
        # Say 1007 or 1009 before the end of a connection; the default is to cut it.
        # (setProtocolOptions() would set other options back to its own defaults.)
        self.ws_factory.failByDrop = False
        if self.signal_handlers:
            # A closed terminal is a stop like any other; Twisted handles only INT and TERM.
            signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(self.stop))

    def listen_success(self, port: Any) -> None:
        self._ports.append(port)
        logger.info("Listening on %s", _name_of(port.getHost()))

    def listen_error(self, failure: Failure) -> None:
        self.failures.append(_reason_of(failure))
        self.stop()

    def kill_all_applications(self) -> defer.Deferred[Any]:
        """Stop accepting, cancel every application, wait for them, but not for ever.

        Cancelled applications close with 1012 and clean up. Daphne's own goes on accepting, and
        raises KeyError when one connection is between two states, leaving all others to be cut.
        """
        for port in self._ports:
            port.stopListening()
        applications = [
            details["application_instance"]
            for details in self.connections.values()
            if "application_instance" in details and not details["application_instance"].done()
        ]
        for application in applications:
            application.cancel()
        logger.info("Stopping: %d connections told to come back later", len(applications))
        return defer.Deferred.fromFuture(asyncio.ensure_future(_ended(applications)))


async def _ended(applications: list[asyncio.Future[Any]]) -> None:
    if not applications:
        return
    _, stuck = await asyncio.wait(applications, timeout=STOP_LIMIT_S)
    if stuck:
        logger.error("%d connections did not end in %g s: cut", len(stuck), STOP_LIMIT_S)


def _reason_of(failure: Failure) -> str:
    """Why an endpoint can't listen, with its address where Twisted gives it."""
    error: Any = failure.value
    if not isinstance(error, CannotListenError):
        return f"Can't listen: {failure.getErrorMessage()}"
    if isinstance(error.port, int):
        bind = Bind(error.interface, error.port)
    else:
        bind = Bind(unix_path=os.fsdecode(error.port))
    reason = getattr(error.socketError, "strerror", None) or error.socketError
    return f"Can't listen on {bind}: {reason}"


def _name_of(host: Any) -> str:
    """A Twisted address as people write it."""
    if isinstance(host, UNIXAddress):
        return str(Bind(unix_path=os.fsdecode(host.name or b"")))
    return str(Bind(host.host, host.port))


def endpoint_of(bind: Bind) -> str:
    """The Twisted endpoint description of an address."""
    if bind.unix_path is not None:
        # No lock file: it names a process id, which in a container is always 1 and so alive.
        return f"unix:{_escape(bind.unix_path)}:lockfile=0"
    return f"tcp:port={bind.port}:interface={_escape(bind.host)}"


def serve(
    application: ASGIApplication,
    endpoints: Sequence[str],
    *,
    ping_interval_s: float,
    message_limit_bytes: int,
    handles_signals: bool = True,
) -> Sequence[str]:
    """Serve until SIGTERM, SIGINT or SIGHUP. Blocks.

    Returns why it could not go on, a line for each endpoint that can't listen; nothing after a
    stop. The caller says it: nothing of it is logged.

    endpoints: Twisted endpoint descriptions.
    handles_signals: False under the reloader, which runs this outside the main thread.
    """
    logging.getLogger("daphne").setLevel(logging.WARNING)  # our own lines say the same, once
    http.RESPONSES.setdefault(426, b"Upgrade Required")  # Twisted's table doesn't have its name
    server = DaphneServer(
        application=_without_root_path(application),
        endpoints=list(endpoints),
        signal_handlers=handles_signals,
        ping_interval=ping_interval_s,
        ping_timeout=ping_interval_s,
        websocket_timeout=-1,
        websocket_handshake_timeout=HANDSHAKE_LIMIT_S,
        websocket_connect_timeout=HANDSHAKE_LIMIT_S,
        websocket_max_message_size=message_limit_bytes,
        websocket_max_frame_size=message_limit_bytes,
        server_name="ws-service",
    )
    try:
        server.run()
    except (ValueError, OSError, ImportError) as error:  # an endpoint's description or files
        return [*server.failures, f"Can't listen: {error}"]
    return server.failures


def _without_root_path(application: ASGIApplication) -> ASGIApplication:
    """Daphne believes a root path that the client sends in a header; this service has none."""

    async def rooted(scope: Scope, receive: Receive, send: Send) -> None:
        scope["root_path"] = ""
        await application(scope, receive, send)

    return rooted


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace(":", r"\:").replace("=", r"\=")
