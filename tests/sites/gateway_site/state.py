"""`ws/state/`: what this process counted, how many connections it has, how much memory."""

import gc
import json
import resource
from typing import Any

from ws_service import metrics
from ws_service.gateway.connection import Connection


async def tell_state(scope: Any, receive: Any, send: Any) -> None:
    """One message: {"counters": …, "connections": …, "most_kib": …}."""
    await receive()
    await send({"type": "websocket.accept"})
    gc.collect()
    state = {
        "counters": metrics.counters(),
        "connections": sum(isinstance(each, Connection) for each in gc.get_objects()),
        "most_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }
    await send({"type": "websocket.send", "text": json.dumps(state)})
    await send({"type": "websocket.close", "code": 1000})
