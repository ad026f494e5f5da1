"""The site's own process that publishes: commands as JSON lines on stdin, answers on stdout.

A command is {"do": "publish", "topic", "data"}, {"do": "position", "topic"}, {"do": "ask",
"action", …} for one of `ACTIONS`, {"do": "run", …}, which publishes many in random bursts, each
until it is confirmed, or {"do": "record", …}, which reports what clients have published.
"""

import json
import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import django

django.setup()

from tests.sites.push_site.actions import ACTIONS  # noqa: E402
from tests.sites.push_site.recorder import Recorder  # noqa: E402
from ws_service import position, publish, publish_many  # noqa: E402
from ws_service.errors import BrokerUnavailable  # noqa: E402

# Larger than what a doorbell carries: the hub must read it from the stream.
LARGE = "x" * 20_000
RETRY_S = 0.05

T = TypeVar("T")


def answer(**content: Any) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


def confirmed(call: Callable[[], T]) -> tuple[T, dict[str, float]]:
    """Publish until there is an answer, as a task queue would: the keys make it harmless.

    Gives the answer, and when it was asked for and came.
    """
    while True:
        begun_at = time.monotonic()
        try:
            given = call()
        except BrokerUnavailable:
            time.sleep(RETRY_S)
        else:
            return given, {"begun_at": begun_at, "answered_at": time.monotonic()}


def publish_one(topic: str, data: Any, key: str | None = None) -> None:
    at, times = confirmed(lambda: publish(topic, data, idempotency_key=key, on_commit=False))
    uid = data.get("uid") if isinstance(data, dict) else None
    answer(topic=topic, uid=uid, offset=at.offset, epoch=at.epoch, **times)


def publish_several(publications: list[tuple[str, Any, str]]) -> None:
    """All in one call."""
    places, times = confirmed(lambda: publish_many(publications, on_commit=False))
    for (topic, data, _), at in zip(publications, places, strict=True):
        answer(topic=topic, uid=data["uid"], offset=at.offset, epoch=at.epoch, **times)


def run(name: str, topics: list[str], count: int, every_s: float, seed: int) -> None:
    """Publish in bursts of 1 to 8 to one topic, on average one per `every_s`.

    Every other burst is one call, over several topics. Goes on until it has published `count`, and
    until there is another line on stdin.
    """
    chance = random.Random(seed)
    is_stopped = told_to_stop()
    number = 0
    due = time.monotonic()
    while number < count or not is_stopped.is_set():
        topic = chance.choice(topics)
        burst = []
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            number += 1
            pad = LARGE if chance.random() < 0.005 else ""
            burst.append((topic, {"uid": f"{name}-{number}", "pad": pad}, f"{name}-{number}"))
            due += every_s
        if chance.random() < 0.5:
            publish_several([(chance.choice(topics), *rest) for _, *rest in burst])
        else:
            for each in burst:
                publish_one(*each)
        time.sleep(max(0.0, due - time.monotonic()))
    answer(done=name)


def record(topics: list[str], every_s: float) -> None:
    """Report what clients have published, until there is another line on stdin."""
    is_stopped = told_to_stop()
    recorder = Recorder(topics)
    while True:
        is_last = is_stopped.is_set()
        found, times = confirmed(recorder.read)
        for each in found:
            answer(**each, **times | {"begun_at": recorder.looked_at})
        recorder.looked_at = times["begun_at"]
        if is_last:
            break
        time.sleep(every_s)
    answer(done="record")


def told_to_stop() -> threading.Event:
    """Set with the next line on stdin."""
    is_stopped = threading.Event()
    threading.Thread(target=lambda: sys.stdin.readline() and is_stopped.set()).start()
    return is_stopped


def main() -> None:
    while line := sys.stdin.readline():
        match json.loads(line):
            case {"do": "publish", "topic": topic, "data": data}:
                publish_one(topic, data)
            case {"do": "position", "topic": topic}:
                at = position(topic)
                answer(offset=at.offset, epoch=at.epoch)
            case {"do": "ask", "action": action, **arguments}:
                answer(result=ACTIONS[action](**arguments))
            case {"do": "run", **arguments}:
                run(**arguments)
            case {"do": "record", **arguments}:
                record(**arguments)


if __name__ == "__main__":
    main()
