"""Every connection ends with a code that says why, also when the code behind it fails."""

import asyncio
import logging
from typing import Final

from ws_service.application.close_codes import send_with_a_possible_code
from ws_service.asgi_types import ASGIApplication, Event, Receive, Scope, Send
from ws_service.errors import CloseCode, Refusal
from ws_service.outage import in_words, is_outage
from ws_service.refusal import refuse

logger = logging.getLogger(__name__)

# Servers with backpressure wait for a client that doesn't read.
CLOSE_LIMIT_S: Final = 5.0


class WatchedConnection:
    """One connection's ``receive`` and ``send``, and what they tell about its state."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.is_answered = False
        self.is_closed = False
        self.send_error: OSError | None = None

    async def receive(self) -> Event:
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            self.is_closed = True
        return event

    async def send(self, event: Event) -> None:
        try:
            await send_with_a_possible_code(self._send, event)
        except OSError as error:
            # ASGI: a send to a client that has left raises a subclass of OSError.
            self.is_closed = True
            self.send_error = error
            raise
        # Only what went out counts: after a close that failed the connection is still open.
        self.is_answered = True
        if event["type"] in ("websocket.close", "websocket.http.response.start"):
            self.is_closed = True


class ConnectionGuard:
    """Close what the application leaves open.

    An exception: logged once, then 1011, or a refused handshake. Redis or the database away:
    1013, so that clients come back. A cancelled application, which is how Daphne stops: 1012, so
    that they come back as well. An application that returns without closing: 1000. A send to a
    client that has left is nobody's fault and only logged as debug.
    """

    def __init__(self, application: ASGIApplication) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = WatchedConnection(receive, send)
        try:
            await self.application(scope, connection.receive, connection.send)
        except asyncio.CancelledError:
            await _close(connection, CloseCode.SERVICE_RESTART)
            raise
        except Exception as error:  # noqa: BLE001 - whatever a consumer may raise
            if error is connection.send_error:
                logger.debug("A client left while %r was sending to it", scope["path"])
                return
            _log(scope, error)
            if is_outage(error):
                await _end(scope, connection, CloseCode.TRY_AGAIN_LATER, Refusal.UNAVAILABLE)
            else:
                await _end(scope, connection, CloseCode.INTERNAL_ERROR, Refusal.INTERNAL_ERROR)
        else:
            if not (connection.is_answered or connection.is_closed):
                logger.error("The application at %r returned without an answer", scope["path"])
            await _end(scope, connection, CloseCode.NORMAL, Refusal.INTERNAL_ERROR)


def _log(scope: Scope, error: Exception) -> None:
    if is_outage(error):
        # One line: an outage comes with as many of them as there are connections.
        logger.error("The WebSocket at %r failed: %s (%s)", scope["path"], in_words(error), error)
        return
    notes = " ".join(getattr(error, "__notes__", []))
    logger.error(
        "Error on the WebSocket at %r: %r. %s", scope["path"], error, notes, exc_info=error
    )


async def _end(scope: Scope, connection: WatchedConnection, code: int, refusal: Refusal) -> None:
    """Close what is open, refuse what still waits for an answer."""
    if connection.is_answered:
        await _close(connection, code)
    elif not connection.is_closed:
        await refuse(scope, connection.send, refusal)


async def _close(connection: WatchedConnection, code: int) -> None:
    if connection.is_closed or not connection.is_answered:
        return
    try:
        async with asyncio.timeout(CLOSE_LIMIT_S):
            await connection.send({"type": "websocket.close", "code": code})
    except TimeoutError:
        logger.debug("A client did not read its close of %d", code)
    except OSError:
        logger.debug("A client left before its connection was closed with %d", code)
