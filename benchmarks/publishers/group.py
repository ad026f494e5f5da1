"""Publishes to a group of the channel layer, in one event loop, as the tutorial's consumer does."""

import asyncio
import json
import sys
import time
from typing import Any

import django
from channels.layers import BaseChannelLayer, get_channel_layer

from benchmarks.publication import make


async def obey(layer: BaseChannelLayer, order: dict[str, Any]) -> dict[str, float]:
    """Do one order; raises what ``group_send`` raises."""
    targets, interval_s = order["targets"], order["interval_s"]
    started_s, cpu_s = time.monotonic(), time.process_time()
    for number in range(order["count"]):
        if interval_s:
            await asyncio.sleep(max(0, started_s + number * interval_s - time.monotonic()))
        message = make(number, order["size_bytes"])
        await layer.group_send(
            targets[number % len(targets)], {"type": "chat.message", "message": message}
        )
    cpu_s = time.process_time() - cpu_s
    return {"started_s": started_s, "ended_s": time.monotonic(), "cpu_s": cpu_s}


async def main() -> None:
    """Warm the connection up, then obey."""
    layer = get_channel_layer()
    await layer.group_send("nobody", {"type": "chat.message", "message": make(0)})
    print(json.dumps({"ready": True}), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await obey(layer, json.loads(line))), flush=True)


if __name__ == "__main__":
    django.setup()
    asyncio.run(main())
