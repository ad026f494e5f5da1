"""Policies that raise, sleep, or find the database gone, under 500 clients that subscribe.

What do others notice? Meanwhile somebody publishes to listeners who came before, and newcomers
connect and subscribe to topics whose policies are well, one of them in a database thread. Then the
trouble ends, and it is measured how long it takes until everybody is subscribed.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from benchmarks import arena, contestant, placement, report
from benchmarks.arena import Publisher, Server
from benchmarks.contestant import Contestant
from benchmarks.member import Member
from benchmarks.publication import read
from benchmarks.report import Findings, Target
from devkit import checkout
from devkit.redis_server import RedisServer

CROWD: Final = 500
LISTENERS: Final = 100
NEWS: Final = "room:1"
SETTLE_S: Final = 4.0
LENGTH_S: Final = 10.0
PUBLICATIONS_PER_S: Final = 50
NEWCOMERS_PER_S: Final = 10
RECOVERY_LIMIT_S: Final = 60.0
LONGEST_WAIT_S: Final = 8.0
"""Between two attempts, as `client.js` has it."""
MOST_TIMES: Final = 2.0
MOST_RECOVERY_S: Final = 10.0
FOLDER: Final = checkout.STATE / "bench" / "policies"
TROUBLES: Final = ("answers", "raises", "sleeps", "gone")
"""The first is none: it is what the others are compared with."""


@dataclass(frozen=True, slots=True)
class Found:
    """What others noticed of one trouble. server_busy: the share of its core that it used."""

    trouble: str
    delivery_p50_ms: float
    delivery_p99_ms: float
    newcomer_p99_ms: float
    newcomer_in_a_thread_p99_ms: float
    newcomer_errors: float
    crowd_errors: float
    server_busy: float
    recovery_s: float

    def row(self) -> dict[str, Any]:
        return {
            "the crowd's policy": self.trouble,
            "delivery p50 ms": self.delivery_p50_ms,
            "p99 ms": self.delivery_p99_ms,
            "newcomer p99 ms": self.newcomer_p99_ms,
            "… in a thread": self.newcomer_in_a_thread_p99_ms,
            "errors": self.newcomer_errors,
            "crowd's errors": self.crowd_errors,
            "server busy %": self.server_busy * 100,
            "all subscribed after s": self.recovery_s,
        }


def main(arguments: Sequence[str]) -> int:
    """Measure, show, write down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    servers = {one.name: one for one in (contestant.DAPHNE, contestant.UVICORN)}
    parser.add_argument("--server", choices=servers, default=contestant.DAPHNE.name)
    parser.add_argument("--rounds", type=int, default=1, help="of which the medians count")
    options = parser.parse_args(arguments)
    placement.take_load_core()
    FOLDER.mkdir(parents=True, exist_ok=True)
    rounds: dict[str, list[Found]] = {trouble: [] for trouble in TROUBLES}
    redis_server = arena.own_redis()
    try:
        for trouble in TROUBLES * options.rounds:
            print(f"  {trouble} …", flush=True)
            found = asyncio.run(measure(trouble, servers[options.server], redis_server))
            rounds[trouble].append(found)
    finally:
        redis_server.stop()
    return report.finish(_findings([_median(each) for each in rounds.values()], options))


def _median(rounds: Sequence[Found]) -> Found:
    """Of each figure by itself."""
    figures = [name for name in Found.__slots__ if name != "trouble"]
    medians = {name: statistics.median(getattr(each, name) for each in rounds) for name in figures}
    return Found(trouble=rounds[0].trouble, **medians)


async def measure(trouble: str, one: Contestant, redis_server: RedisServer) -> Found:
    """A fresh server, with listeners, a crowd in trouble, and newcomers."""
    own = replace(one, environment={**one.environment, "BENCH_FOLDER": str(FOLDER)})
    async with (
        arena.serving(own, redis_server) as server,
        arena.publishing(own, redis_server) as publisher,
    ):
        listeners = [Member(server.port, NEWS, LONGEST_WAIT_S) for _ in range(LISTENERS)]
        await asyncio.gather(*(each.join() for each in listeners))
        crowd = [Member(server.port, f"{trouble}:{n}", LONGEST_WAIT_S) for n in range(CROWD)]
        with in_trouble(trouble):
            # Spread: this process reads for the listeners too, and would measure its own bursts.
            joining = []
            for each in crowd:
                joining.append(asyncio.create_task(each.join()))
                await asyncio.sleep(SETTLE_S / CROWD)
            started_s, cpu_s = time.monotonic(), server.cpu_s
            newcomers = await _meanwhile(server, publisher)
            server_busy = (server.cpu_s - cpu_s) / (time.monotonic() - started_s)
        mended_s = time.monotonic()
        async with asyncio.timeout(RECOVERY_LIMIT_S):
            await asyncio.gather(*joining)
        recovery_s = time.monotonic() - mended_s
        latencies = [
            (at_s - read(data).sent_at_s) * 1000
            for each in listeners
            for at_s, data in each.arrivals
        ]
        await asyncio.gather(*(each.leave() for each in (*listeners, *crowd)))
    open_ms, thread_ms, errors = newcomers
    cuts = statistics.quantiles(latencies, n=100)
    return Found(
        trouble=trouble,
        delivery_p50_ms=cuts[49],
        delivery_p99_ms=cuts[98],
        newcomer_p99_ms=statistics.quantiles(open_ms, n=100)[98],
        newcomer_in_a_thread_p99_ms=statistics.quantiles(thread_ms, n=100)[98],
        newcomer_errors=errors,
        crowd_errors=sum(each.errors for each in crowd),
        server_busy=server_busy,
        recovery_s=recovery_s,
    )


async def _meanwhile(server: Server, publisher: Publisher) -> tuple[list[float], list[float], int]:
    """Publish, and come anew: milliseconds of those to each topic, and how many errors they got."""
    order = {
        "targets": [NEWS],
        "count": int(LENGTH_S * PUBLICATIONS_PER_S),
        "interval_s": 1 / PUBLICATIONS_PER_S,
        "size_bytes": 128,
    }
    publishing = asyncio.create_task(publisher.publish(order, LENGTH_S * 6))
    kinds: dict[str, list[asyncio.Task[float]]] = {"hall": [], "room": []}
    members = []
    for number in range(int(LENGTH_S * NEWCOMERS_PER_S)):
        for kind, tasks in kinds.items():
            members.append(Member(server.port, f"{kind}:{number + 100}", LONGEST_WAIT_S))
            tasks.append(asyncio.create_task(members[-1].join()))
        await asyncio.sleep(1 / NEWCOMERS_PER_S)
    await publishing
    joined = {kind: await _ended(tasks) for kind, tasks in kinds.items()}
    await asyncio.gather(*(each.leave() for each in members))
    return joined["hall"], joined["room"], sum(each.errors for each in members)


async def _ended(tasks: Sequence[asyncio.Task[float]]) -> list[float]:
    """Milliseconds that each took, or has taken until now."""
    done, pending = await asyncio.wait(tasks, timeout=LENGTH_S)
    for each in pending:
        each.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return [each.result() * 1000 for each in done] + [2 * LENGTH_S * 1000 for _ in pending]


@contextmanager
def in_trouble(trouble: str) -> Iterator[None]:
    """The crowd's policies have it; in `gone` the database is away."""
    (flag := FOLDER / "trouble").touch()
    database, elsewhere = FOLDER / "database", FOLDER / "elsewhere"
    _move(elsewhere, database)
    database.mkdir(exist_ok=True)
    if trouble == "gone":
        _move(database, elsewhere)
    try:
        yield
    finally:
        flag.unlink()
        _move(elsewhere, database)


def _move(folder: Path, to: Path) -> None:
    if folder.exists():
        folder.rename(to)


def _findings(found: Sequence[Found], options: argparse.Namespace) -> Findings:
    calm, *troubled = found
    targets = []
    for one in troubled:
        what = f"the crowd's policy {one.trouble}"
        times = one.delivery_p99_ms / calm.delivery_p99_ms
        targets.append(Target(f"{what}: deliveries, p99, times", MOST_TIMES, times, is_most=True))
        times = one.newcomer_p99_ms / calm.newcomer_p99_ms
        targets.append(Target(f"{what}: newcomers, p99, times", MOST_TIMES, times, is_most=True))
        times = one.newcomer_in_a_thread_p99_ms / calm.newcomer_in_a_thread_p99_ms
        label = f"{what}: newcomers in a thread, p99, times"
        targets.append(Target(label, MOST_TIMES, times, is_most=True))
        label = f"{what}: all subscribed after"
        targets.append(Target(label, MOST_RECOVERY_S, one.recovery_s, is_most=True))
    rows = [one.row() for one in found]
    details = [asdict(one) for one in found]
    return Findings("policies", vars(options), rows, targets, (), details)


if __name__ == "__main__":
    arena.enter(main)
