"""Much at once: what a publication costs in ``publish_many()``, beside a loop of ``publish()``.

One process, one Redis, no server; each round trip carries so many publications, to as many topics.
Every one must be in a stream afterwards, or the run is invalid.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Final

import django
import redis

import ws_service
from benchmarks import arena, placement, report
from benchmarks.contestant import OURS
from benchmarks.publication import make
from benchmarks.report import Findings, Target
from ws_service.chunks import in_chunks

WANTED: Final = 3.0
AT_ONCE: Final = (10, 100, 1_000)
LOOP: Final = "publish(), one after the other"
_REDIS_LIMIT_S: Final = 10.0

Publish = Callable[[list[int], int], object]


def main(arguments: Sequence[str]) -> int:
    """Measure, show, write down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--publications", type=int, default=2_000)
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
    """All ways in turn, several rounds, each on an empty Redis."""
    rates: dict[str, list[float]] = {name: [] for name in _ways()}
    invalid: list[str] = []
    with redis.Redis.from_url(redis_url, socket_timeout=_REDIS_LIMIT_S) as store:
        for _ in range(options.rounds):
            for name, (at_once, publish) in _ways().items():
                store.flushall()
                publish([0, 0], options.size)  # warm: connections, scripts
                rates[name].append(_rate(publish, at_once, options))
                invalid += _missing(store, name, options.publications + 2)
    return _findings(rates, invalid, options)


def _ways() -> dict[str, tuple[int, Publish]]:
    """How many at once, and by what call."""
    many = {f"publish_many(), {n:,} at once": (n, _publish_many) for n in AT_ONCE}
    return {LOOP: (1, _publish_each), **many}


def _publish_each(numbers: list[int], size: int) -> None:
    for number in numbers:
        ws_service.publish(f"ledger:{number}", make(number, size), on_commit=False)


def _publish_many(numbers: list[int], size: int) -> None:
    ws_service.publish_many(
        [(f"ledger:{number}", make(number, size)) for number in numbers], on_commit=False
    )


def _rate(publish: Publish, at_once: int, options: argparse.Namespace) -> float:
    """Publications per second."""
    started_s = time.perf_counter()
    for numbers in in_chunks((n % 1_000 for n in range(options.publications)), at_once):
        publish(numbers, options.size)
    return float(options.publications / (time.perf_counter() - started_s))


def _missing(store: redis.Redis, name: str, publications: int) -> list[str]:
    found = sum(store.xlen(key) for key in store.scan_iter(_type="stream", count=1_000))
    return [] if found == publications else [f"{name}: {publications} published, {found} there"]


def _findings(
    rates: dict[str, list[float]], invalid: Sequence[str], options: argparse.Namespace
) -> Findings:
    medians = {name: statistics.median(own) for name, own in rates.items()}
    loop = medians[LOOP]
    rows = [
        {
            "way": name,
            "publications/s": rate,
            "µs a publication": 1e6 / rate,
            "times the loop": rate / loop,
        }
        for name, rate in medians.items()
    ]
    name = f"publish_many(), {AT_ONCE[1]:,} at once"
    targets = [Target(f"{name}, over a loop of publish()", WANTED, medians[name] / loop)]
    return Findings("publish_many", vars(options), rows, targets, invalid, rates)


if __name__ == "__main__":
    arena.enter(main)
