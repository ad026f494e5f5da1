"""Many topics, many subscribers, one service process: memory, latency, commands to Redis.

``many``: 10,000 topics of one subscriber each, over 100 connections. ``wide``: one topic of 5,000
subscribers, a connection each. Both publish at a moderate rate, so that latency is what a service
with room to spare has. Every delivery is checked, as in the fan-out.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import redis

from benchmarks import arena, contestant, placement, redis_commands, report
from benchmarks.arena import Publisher, Server
from benchmarks.connection import ConnectionFailed
from benchmarks.contestant import Contestant
from benchmarks.crowd import Crowd
from benchmarks.dialect import WrongContent
from benchmarks.redis_commands import Commands
from benchmarks.report import Findings, Target
from benchmarks.shape import MANY, WIDE, Shape
from devkit.redis_server import RedisServer

IDLE_S: Final = 10.0
SETTLE_S: Final = 2.0
PUBLISHING_LIMIT_S: Final = 120.0
SPARE_FILES: Final = 300
MOST_IDLE_COMMANDS: Final = 1.0
"""How many commands a second 10,000 idle topics may add to what the process asks without any."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one shape was measured at. Latencies are from before publish() to the client."""

    shape: str
    connections: int
    subscriptions: int
    kib_per_connection: float
    kib_per_subscription: float
    subscribing_s: float
    p50_ms: float
    p99_ms: float
    server_us: float
    commands_idle_before: Mapping[str, int]
    commands_idle: Mapping[str, int]
    commands_publishing: Mapping[str, int]
    publications: int
    publishing_s: float
    invalid: str | None

    def row(self) -> dict[str, Any]:
        publishing = redis_commands.rate(self.commands_publishing, self.publications)
        scripts = redis_commands.scripts(self.commands_publishing) / self.publications
        return {
            "shape": f"{self.subscriptions} subscriptions, {self.connections} connections",
            "KiB/connection": self.kib_per_connection,
            "KiB/subscription": self.kib_per_subscription,
            "p50 ms": self.p50_ms,
            "p99 ms": self.p99_ms,
            "commands/publication": publishing,
            "scripts/publication": scripts,
            "commands/idle s": redis_commands.rate(self.commands_idle, IDLE_S),
            "server µs each": self.server_us,
        }


def main(arguments: Sequence[str]) -> int:
    """Measure, show, write down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    servers = {one.name: one for one in (contestant.DAPHNE, contestant.UVICORN)}
    parser.add_argument("--server", choices=servers, default=contestant.DAPHNE.name)
    options = parser.parse_args(arguments)
    placement.take_load_core()
    wanted = max(MANY.connections, WIDE.connections) + SPARE_FILES
    if (limit := placement.allow_open_files(wanted)) < wanted:
        print(f"This machine allows {limit} open files; {wanted} are needed.", file=sys.stderr)
        return 1
    found = []
    redis_server = arena.own_redis()
    try:
        for shape in (MANY, WIDE):
            print(f"  {shape.name}: {shape.subscriptions} subscriptions …", flush=True)
            found.append(asyncio.run(measure(shape, servers[options.server], redis_server)))
    finally:
        redis_server.stop()
    return report.finish(_findings(found, options))


async def measure(shape: Shape, one: Contestant, redis_server: RedisServer) -> Found:
    """A fresh server: idle, connected, subscribed, idle, publishing."""
    with redis.Redis.from_url(redis_server.url, socket_timeout=10) as store:
        store.flushall()
        async with (
            arena.serving(one, redis_server) as server,
            arena.publishing(one, redis_server) as publisher,
        ):
            crowd = Crowd(one.dialect, server.port)
            try:
                return await _measure(shape, crowd, server, publisher, store)
            finally:
                crowd.close()


async def _measure(
    shape: Shape, crowd: Crowd, server: Server, publisher: Publisher, store: redis.Redis
) -> Found:
    await crowd.connect(1)  # whatever the first connection starts is no cost of the others
    await asyncio.sleep(SETTLE_S)
    idle_before = await _idle(store)
    empty_bytes = server.memory_bytes
    await crowd.connect(shape.connections - 1)
    connected_bytes = server.memory_bytes
    started_s = time.monotonic()
    await crowd.subscribe([shape.topics_of(number) for number in range(shape.connections)])
    subscribing_s = time.monotonic() - started_s
    await asyncio.sleep(SETTLE_S)
    subscribed_bytes = server.memory_bytes
    idle = await _idle(store)

    crowd.expect(shape.deliveries)
    before, cpu_s = Commands.now(store), server.cpu_s
    answer = await publisher.publish(
        {
            "targets": shape.targets(),
            "count": shape.publications,
            "interval_s": shape.interval_s,
            "size_bytes": 128,
        },
        PUBLISHING_LIMIT_S,
    )
    await crowd.wait_until_complete(PUBLISHING_LIMIT_S)
    after, cpu_s = Commands.now(store), server.cpu_s - cpu_s
    publishing_s = answer["ended_s"] - answer["started_s"]
    latencies_ms, invalid = await _latencies(shape, crowd)
    cuts = statistics.quantiles(latencies_ms, n=100) if len(latencies_ms) > 1 else [0.0] * 99
    return Found(
        shape=shape.name,
        connections=shape.connections,
        subscriptions=shape.subscriptions,
        kib_per_connection=(connected_bytes - empty_bytes) / 1024 / (shape.connections - 1),
        kib_per_subscription=(subscribed_bytes - connected_bytes) / 1024 / shape.subscriptions,
        subscribing_s=subscribing_s,
        p50_ms=cuts[49],
        p99_ms=cuts[98],
        server_us=cpu_s * 1e6 / shape.deliveries,
        commands_idle_before=idle_before,
        commands_idle=idle,
        commands_publishing=after.since(before),
        publications=shape.publications,
        publishing_s=publishing_s,
        invalid=invalid,
    )


async def _idle(store: redis.Redis) -> dict[str, int]:
    before = Commands.now(store)
    await asyncio.sleep(IDLE_S)
    return Commands.now(store).since(before)


async def _latencies(shape: Shape, crowd: Crowd) -> tuple[list[float], str | None]:
    """In milliseconds, and what was wrong with the deliveries."""
    try:
        came = await crowd.arrivals()
        for number, arrivals in enumerate(came):
            shape.check(number, arrivals)
    except (WrongContent, ConnectionFailed) as error:
        return [], str(error)
    return [
        (arrival.at_s - arrival.delivery.publication.sent_at_s) * 1000
        for arrivals in came
        for arrival in arrivals
    ], None


def _findings(found: Sequence[Found], options: argparse.Namespace) -> Findings:
    targets = [
        Target(
            f"{one.shape}: commands that idle subscriptions add per second",
            MOST_IDLE_COMMANDS,
            redis_commands.rate(one.commands_idle, IDLE_S)
            - redis_commands.rate(one.commands_idle_before, IDLE_S),
            is_most=True,
        )
        for one in found
    ]
    invalid = [f"{one.shape}: {one.invalid}" for one in found if one.invalid]
    rows = [one.row() for one in found]
    return Findings("topics", vars(options), rows, targets, invalid, [asdict(o) for o in found])


if __name__ == "__main__":
    arena.enter(main)
