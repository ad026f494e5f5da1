"""ASGI's lifespan protocol: nothing to prepare, and at the end Redis is let go of."""

from collections.abc import Awaitable, Callable

from ws_service.asgi_types import Receive, Send


async def answer_lifespan(
    receive: Receive, send: Send, on_shutdown: Callable[[], Awaitable[None]] | None = None
) -> None:
    while True:
        event = await receive()
        if event["type"] == "lifespan.shutdown" and on_shutdown is not None:
            await on_shutdown()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
