"""`ws/state/`: what this process counted, how many connections it has, how much memory."""

import gc
import json
import resource
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ws_service import metrics
from ws_service.gateway.connection import Connection
from ws_service.gateway.registry import Registered, Registry


async def tell_state(scope: Any, receive: Any, send: Any) -> None:
    """One message: {"counters": …, "connections": …, "registered": …, "most_kib": …}.

    registered: how many connections orders reach, by the user's id.
    """
    await receive()
    await send({"type": "websocket.accept"})
    gc.collect()
    state = {
        "counters": metrics.counters(),
        "connections": sum(isinstance(each, Connection) for each in gc.get_objects()),
        "registered": Counter(each.client.user_id for each in _registered()),
        "most_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }
    await send({"type": "websocket.send", "text": json.dumps(state)})
    await send({"type": "websocket.close", "code": 1000})


def _registered() -> Iterator[Registered]:
    for each in gc.get_objects():
        if isinstance(each, Registry):
            yield from each
