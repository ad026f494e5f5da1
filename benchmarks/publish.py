"""Sequential calls from synchronous code: what one publish costs a view or a task.

One process calls ``async_to_sync(layer.group_send)``, with both channel layers, and
``ws_service.publish``, in turn, against one Redis. No server runs: what fan-out costs is measured
elsewhere. Every publish must be in the stream afterwards, or the run is invalid.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import django
import redis
from asgiref.sync import async_to_sync
from channels.layers import BaseChannelLayer
from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

import ws_service
from benchmarks import arena, placement, report
from benchmarks.contestant import OURS
from benchmarks.publication import make
from benchmarks.report import Findings, Target

WANTED: Final = 3.0
OUR_NAME: Final = "publish(), history on"
TOPIC: Final = "ledger:1"
_REDIS_LIMIT_S: Final = 10.0

Call = Callable[[dict[str, Any]], object]


def main(arguments: Sequence[str]) -> int:
    """Measure, show, write down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--size", type=int, default=128, help="bytes of a publication")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    placement.take_load_core()
    server = arena.own_redis()
    try:
        os.environ.update(OURS, REDIS_URL=server.url)
        django.setup()
        return report.finish(measure(server.url, options))
    finally:
        server.stop()


def measure(redis_url: str, options: argparse.Namespace) -> Findings:
    """All contestants in turn, several rounds, each on an empty Redis."""
    rates: dict[str, list[float]] = {name: [] for name in _calls(redis_url)}
    invalid: list[str] = []
    with redis.Redis.from_url(redis_url, socket_timeout=_REDIS_LIMIT_S) as store:
        for _ in range(options.rounds):
            for name in rates:
                store.flushall()
                call = _calls(redis_url)[name]()
                call(make(0, options.size))  # warm: connections, scripts
                rates[name].append(_rate(call, options))
                if name == OUR_NAME:
                    invalid += _wrong_length(store, options.calls + 1)
    return _findings(rates, invalid, options)


def _calls(redis_url: str) -> dict[str, Callable[[], Call]]:
    """What makes each contestant's call; a new layer each time, as its members are gone."""
    hosts = [{"address": redis_url, "socket_timeout": 15}]

    def core() -> RedisChannelLayer:
        return RedisChannelLayer(hosts=hosts, capacity=1_000_000)

    return {
        "group_send, core layer, nobody there": lambda: _group_send(core()),
        "group_send, core layer, one member": lambda: _group_send(_with_member(core())),
        "group_send, pubsub layer": lambda: _group_send(RedisPubSubChannelLayer(hosts=hosts)),
        OUR_NAME: lambda: _publish,
    }


def _group_send(layer: BaseChannelLayer) -> Call:
    def call(message: dict[str, Any]) -> None:
        # As Channels' documentation writes it.
        async_to_sync(layer.group_send)("room", {"type": "chat.message", "message": message})

    return call


def _with_member(layer: RedisChannelLayer) -> RedisChannelLayer:
    """Without one the core layer only looks who is there; nobody reads what this one gets."""
    async_to_sync(layer.group_add)("room", "specific.bench!one")
    return layer


def _publish(message: dict[str, Any]) -> None:
    ws_service.publish(TOPIC, message, on_commit=False)


def _rate(call: Call, options: argparse.Namespace) -> float:
    """Calls per second."""
    started_s = time.perf_counter()
    for number in range(1, options.calls + 1):
        call(make(number, options.size))
    return float(options.calls / (time.perf_counter() - started_s))


def _wrong_length(store: redis.Redis, calls: int) -> list[str]:
    """Redis was empty, so there is one stream: the topic's."""
    streams = list(store.scan_iter(_type="stream", count=1000))
    lengths = [store.xlen(key) for key in streams]
    return [] if lengths == [calls] else [f"{calls} calls, streams of {lengths}"]


def _findings(
    rates: dict[str, list[float]], invalid: Sequence[str], options: argparse.Namespace
) -> Findings:
    medians = {name: statistics.median(own) for name, own in rates.items()}
    ours = medians[OUR_NAME]
    rows = [
        {"call": name, "calls/s": rate, "ms a call": 1000 / rate, "publish() is": ours / rate}
        for name, rate in medians.items()
    ]
    targets = [
        Target(f"publish() over {name}", WANTED, ours / rate)
        for name, rate in medians.items()
        if name != OUR_NAME
    ]
    return Findings("publish", vars(options), rows, targets, invalid, rates)


if __name__ == "__main__":
    arena.enter(main)
