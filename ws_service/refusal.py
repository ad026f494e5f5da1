"""How a handshake is refused, on servers that can say a status and on those that can't."""

from ws_service.asgi_types import Scope, Send
from ws_service.errors import CloseCode, Refusal


async def refuse(scope: Scope, send: Send, refusal: Refusal) -> None:
    """End a handshake that was not accepted yet.

    With ASGI's denial response extension (Uvicorn) the client gets the refusal's status and
    one line of text. Without it (Daphne) a permanent refusal is 403, the only status such a
    server has, and a temporary one is accepted and closed with 1013, since 403 would tell
    clients never to come back.
    """
    reason = refusal.value
    if "websocket.http.response" in scope.get("extensions", {}):
        await send(
            {
                "type": "websocket.http.response.start",
                "status": reason.status,
                "headers": [(b"content-type", b"text/plain; charset=utf-8")],
            }
        )
        body = f"{reason.text}\n".encode()
        await send({"type": "websocket.http.response.body", "body": body})
    elif reason.is_temporary:
        await send({"type": "websocket.accept"})
        code = CloseCode.TRY_AGAIN_LATER
        await send({"type": "websocket.close", "code": code, "reason": reason.text})
    else:
        await send({"type": "websocket.close"})
