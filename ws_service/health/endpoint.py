"""``ws/health/``: the handshake is the liveness answer, one message asks for readiness.

Plain ASGI, because a Channels consumer talks to the channel layer before it accepts, and the
handshake must succeed while Redis is down. Nothing here reads an origin, a cookie or a row.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Final

from ws_service.asgi_types import Receive, Scope, Send
from ws_service.errors import CloseCode
from ws_service.health.canary import Canary, Report
from ws_service.node import node_id

QUESTION_LIMIT_S: Final = 10.0
"""How long a client may stay without asking; a probe asks at once."""


class HealthEndpoint:
    """Accept, answer one message with a report, close.

    The report: ``{"status": "ready" | "not ready", "node": …, "channel_layer": {"ok": bool,
    "text": …, "age_seconds": …, "round_trip_seconds": … | null}}``, and the same under
    ``"topics"`` where there are any.
    """

    def __init__(self, canaries: Mapping[str, Canary]) -> None:
        self.canaries = canaries

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        try:
            async with asyncio.timeout(QUESTION_LIMIT_S):
                event = await receive()
        except TimeoutError:
            await send({"type": "websocket.close", "code": CloseCode.NORMAL})
            return
        if event["type"] != "websocket.receive":
            return
        try:
            await send({"type": "websocket.send", "text": json.dumps(await self._report())})
            await send({"type": "websocket.close", "code": CloseCode.NORMAL})
        except OSError:
            return  # the probe gave up waiting; there is nobody to tell

    async def _report(self) -> dict[str, object]:
        reports = await asyncio.gather(*(canary.report() for canary in self.canaries.values()))
        is_ready = all(report.is_working for report in reports)
        parts = dict(zip(self.canaries, map(_part, reports), strict=True))
        return {"status": "ready" if is_ready else "not ready", "node": node_id(), **parts}


def _part(report: Report) -> dict[str, object]:
    return {
        "ok": report.is_working,
        "text": report.text,
        "age_seconds": round(time.monotonic() - report.at_s, 3),
        "round_trip_seconds": report.round_trip_s and round(report.round_trip_s, 6),
    }
