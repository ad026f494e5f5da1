"""The site's own process that publishes: commands as JSON lines on stdin, answers on stdout.

A command is {"do": "publish", "topic", "data"}, {"do": "position", "topic"} or {"do": "run", …},
which publishes many in random bursts, each until it is confirmed.
"""

import json
import random
import sys
import threading
import time
from typing import Any

import django

django.setup()

from ws_service import position, publish  # noqa: E402
from ws_service.errors import BrokerUnavailable  # noqa: E402

# Larger than what a doorbell carries: the hub must read it from the stream.
LARGE = "x" * 20_000
RETRY_S = 0.05


def answer(**content: Any) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


def publish_one(topic: str, data: Any, key: str | None = None) -> None:
    """Publish until there is an answer, as a task queue would: the key makes it harmless."""
    while True:
        begun_at = time.monotonic()
        try:
            at = publish(topic, data, idempotency_key=key, on_commit=False)
        except BrokerUnavailable:
            time.sleep(RETRY_S)
            continue
        uid = data.get("uid") if isinstance(data, dict) else None
        times = {"begun_at": begun_at, "answered_at": time.monotonic()}
        answer(topic=topic, uid=uid, offset=at.offset, epoch=at.epoch, **times)
        return


def run(name: str, topics: list[str], count: int, every_s: float, seed: int) -> None:
    """Publish in bursts of 1 to 8 to one topic, on average one per `every_s`.

    Goes on until it has published `count`, and until there is another line on stdin.
    """
    chance = random.Random(seed)
    is_stopped = threading.Event()
    threading.Thread(target=lambda: sys.stdin.readline() and is_stopped.set()).start()
    number = 0
    due = time.monotonic()
    while number < count or not is_stopped.is_set():
        topic = chance.choice(topics)
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            number += 1
            uid = f"{name}-{number}"
            pad = LARGE if chance.random() < 0.005 else ""
            publish_one(topic, {"uid": uid, "pad": pad}, key=uid)
            due += every_s
        time.sleep(max(0.0, due - time.monotonic()))
    answer(done=name)


def main() -> None:
    while line := sys.stdin.readline():
        match json.loads(line):
            case {"do": "publish", "topic": topic, "data": data}:
                publish_one(topic, data)
            case {"do": "position", "topic": topic}:
                at = position(topic)
                answer(offset=at.offset, epoch=at.epoch)
            case {"do": "run", **arguments}:
                run(**arguments)


if __name__ == "__main__":
    main()
