"""`ws/counters/`: what the service's process has counted, so that a fault is known to have been."""

import json
from typing import Any

from ws_service import metrics


async def tell_counters(scope: Any, receive: Any, send: Any) -> None:
    """One message: every counter's name and value."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": json.dumps(metrics.counters())})
    await send({"type": "websocket.close", "code": 1000})
