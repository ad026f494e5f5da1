"""Runs one Channels consumer, and keeps two promises that Channels doesn't.

``disconnect()`` runs also when a handler raised or the server is stopping, so groups are left;
and the classic mistakes come with a sentence that says what to write instead.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer

from ws_service.application.mistakes import explain
from ws_service.asgi_types import Event, Receive, Scope, Send
from ws_service.errors import CloseCode

logger = logging.getLogger(__name__)

# A disconnect() that hangs must not hold up a stop. Synchronous consumers share asgiref's one
# thread, so the limit has room for many of them to take their turn.
DISCONNECT_LIMIT_S: Final = 20.0


class ConsumerRunner:
    """The ASGI application of one consumer class, in place of its ``as_asgi()``."""

    def __init__(self, consumer_class: type[AsyncConsumer], initkwargs: Mapping[str, Any]) -> None:
        self.consumer_class = consumer_class
        self.initkwargs = initkwargs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        consumer = self.consumer_class(**self.initkwargs)
        dispatch = consumer.dispatch
        client_code: int | None = None
        knows_disconnect = False

        async def watched_receive() -> Event:
            nonlocal client_code
            event = await receive()
            if event["type"] == "websocket.disconnect":
                client_code = event.get("code")
            return event

        async def watched_dispatch(event: Event) -> None:
            # Channels reads ahead: an event that was received may never be dispatched.
            nonlocal knows_disconnect
            knows_disconnect |= event["type"] == "websocket.disconnect"
            await dispatch(event)

        consumer.dispatch = watched_dispatch
        try:
            await consumer(scope, watched_receive, send)
        except asyncio.CancelledError:
            if not knows_disconnect:
                await _disconnect(consumer, client_code or CloseCode.SERVICE_RESTART, cause=None)
            raise
        except Exception as error:
            if sentence := explain(error, self.consumer_class):
                error.add_note(sentence)
            if not knows_disconnect:
                await _disconnect(consumer, client_code or CloseCode.INTERNAL_ERROR, cause=error)
            raise


async def _disconnect(consumer: AsyncConsumer, code: int, cause: Exception | None) -> None:
    """Dispatch the event that the consumer will not get any more."""
    if not hasattr(consumer, "base_send"):
        return  # it failed before it was set up: there is nothing to give back
    try:
        async with asyncio.timeout(DISCONNECT_LIMIT_S):
            await consumer.dispatch({"type": "websocket.disconnect", "code": code})
    except StopConsumer:
        pass  # how Channels ends a consumer that has handled its disconnect
    except Exception as error:
        if type(error) is type(cause):
            return  # the same trouble again, Redis away for example: the cause is being logged
        logger.exception("%s.disconnect() failed after an error", type(consumer).__name__)
