"""Publishes to topics from synchronous code, as a view or a task does."""

import json
import sys
import time
from typing import Any

import django

import ws_service
from benchmarks.publication import make


def obey(order: dict[str, Any]) -> dict[str, float]:
    """Do one order; raises what ``publish`` raises."""
    targets, interval_s = order["targets"], order["interval_s"]
    started_s, cpu_s = time.monotonic(), time.process_time()
    for number in range(order["count"]):
        if interval_s:
            time.sleep(max(0, started_s + number * interval_s - time.monotonic()))
        message = make(number, order["size_bytes"])
        ws_service.publish(targets[number % len(targets)], message, on_commit=False)
    cpu_s = time.process_time() - cpu_s
    return {"started_s": started_s, "ended_s": time.monotonic(), "cpu_s": cpu_s}


def main() -> None:
    """Warm the connection up, then obey."""
    obey({"targets": ["room:0"], "count": 1, "interval_s": 0, "size_bytes": 128})
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(obey(json.loads(line))), flush=True)


if __name__ == "__main__":
    django.setup()
    main()
