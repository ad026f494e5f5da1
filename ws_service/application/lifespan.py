"""ASGI's lifespan protocol: there is nothing to prepare, and servers that ask get an answer."""

from ws_service.asgi_types import Receive, Send


async def answer_lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
