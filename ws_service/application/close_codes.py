"""Close codes that not every server can send."""

import logging

from ws_service.asgi_types import Event, Send
from ws_service.errors import CloseCode, is_reserved, private_equivalent

logger = logging.getLogger(__name__)


async def send_with_a_possible_code(send: Send, event: Event) -> None:
    """Send an event; a close that the server can't send goes out with its private equivalent.

    Stock Daphne raises for the codes 1001 to 2999 and leaves the connection open.
    """
    try:
        await send(event)
    except OSError:
        raise  # the client has left
    except Exception as error:
        if _says_that_the_client_has_left(error):
            raise ConnectionResetError(str(error)) from error
        code = event.get("code") or CloseCode.NORMAL
        if event["type"] != "websocket.close" or not is_reserved(code):
            raise
        logger.debug("The server can't close with %d: %s", code, error)
        await send({**event, "code": private_equivalent(code)})


def _says_that_the_client_has_left(error: Exception) -> bool:
    """Daphne hands on what autobahn raises, which is no OSError as ASGI wants it. By name: the web
    container has no autobahn.
    """
    kind = type(error)
    return (kind.__module__, kind.__name__) == ("autobahn.exception", "Disconnected")
