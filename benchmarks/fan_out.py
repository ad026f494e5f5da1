"""One burst to many clients: deliveries per second, counted at the clients.

Everybody is subscribed to the same group or topic; a publisher process sends a burst. The clock
runs from its first call until the last client has the last publication. Then every message of
every client is read: all numbers, each once, in order, or the run is invalid.

With ``--interval`` the publications come one by one instead, and latency and the server's time for
a delivery are what is measured: then nothing is joined into one frame, as a burst is.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict

from benchmarks import arena, burst, contestant, placement, report
from benchmarks.burst import Round
from benchmarks.connection import ConnectionFailed
from benchmarks.contestant import Contestant
from benchmarks.crowd import Arrival, Crowd, check_order, own_cpu_share
from benchmarks.dialect import WrongContent
from benchmarks.report import Findings, Target
from devkit.redis_server import RedisServer

WANTED_OVER = {contestant.CORE.name: 10.0, contestant.PUBSUB.name: 6.0}
BURST_LIMIT_S = 300.0
SATURATED = 0.9
"""A load and a publisher that used more of their core may have been what was measured."""


def main(arguments: Sequence[str]) -> int:
    """Measure, show, write down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    names = [one.name for one in contestant.ALL]
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--publications", type=int, default=100)
    parser.add_argument("--size", type=int, default=128, help="bytes of a publication")
    parser.add_argument("--interval", type=float, default=0.0, help="seconds between publications")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    options = parser.parse_args(arguments)
    placement.take_load_core()
    placement.allow_open_files(options.clients + 200)
    rounds = []
    redis = arena.own_redis()
    try:
        # In turn, so that a machine that is slow for a minute is slow for everybody.
        for number in range(options.rounds):
            for one in contestant.ALL:
                if one.name in options.only:
                    rounds.append(asyncio.run(measure(one, redis, options)))
                    _tell(number, rounds[-1])
    finally:
        redis.stop()
    return report.finish(_findings(rounds, options))


async def measure(one: Contestant, redis: RedisServer, options: argparse.Namespace) -> Round:
    """Start a fresh server, let the crowd in, publish a burst, read what came."""
    wanted = options.clients * options.publications
    order = {
        "targets": [one.target],
        "count": options.publications,
        "interval_s": options.interval,
        "size_bytes": options.size,
    }
    async with arena.serving(one, redis) as server, arena.publishing(one, redis) as publisher:
        crowd = Crowd(one.dialect, server.port)
        try:
            await crowd.connect(options.clients)
            await crowd.subscribe([[one.target]] * options.clients)
            crowd.expect(wanted)
            server_cpu_s = server.cpu_s
            with own_cpu_share() as share:
                answer = await publisher.publish(order, BURST_LIMIT_S)
                await crowd.wait_until_complete(BURST_LIMIT_S)
            server_cpu_s = server.cpu_s - server_cpu_s
            arrivals, invalid = await _arrivals(crowd, options.publications)
            ended_s = max((arrival.at_s for arrival in arrivals), default=time.monotonic())
            took_s = ended_s - answer["started_s"]
            latencies_ms = [
                (arrival.at_s - arrival.delivery.publication.sent_at_s) * 1000
                for arrival in arrivals
            ]
            cuts = statistics.quantiles(latencies_ms or [0.0, 0.0], n=100)
            return Round(
                contestant=one.name,
                took_s=took_s,
                publishing_s=answer["ended_s"] - answer["started_s"],
                deliveries=wanted,
                delivered=crowd.delivered,
                load_share=share[0],
                publisher_share=answer["cpu_s"] / took_s,
                server_share=server_cpu_s / took_s,
                messages=sum(len(connection.messages) for connection in crowd.connections),
                p50_ms=cuts[49],
                p99_ms=cuts[98],
                invalid=invalid,
            )
        finally:
            crowd.close()


async def _arrivals(crowd: Crowd, publications: int) -> tuple[list[Arrival], str | None]:
    """Every delivery at every client, and what is wrong with them."""
    try:
        came = await crowd.arrivals()
        for arrivals in came:
            check_order(arrivals, range(publications))
    except (WrongContent, ConnectionFailed) as error:
        return [], str(error)
    return [arrival for arrivals in came for arrival in arrivals], None


def _tell(number: int, one: Round) -> None:
    outcome = f"INVALID: {one.invalid}" if one.invalid else f"{one.rate:,.0f} deliveries/s"
    print(f"  round {number + 1}: {one.contestant:<16} {outcome}", flush=True)


def _findings(rounds: Sequence[Round], options: argparse.Namespace) -> Findings:
    titles = {one.name: one.title for one in contestant.ALL}
    medians: dict[str, float] = {}
    rows = []
    for name in options.only:
        own = [one for one in rounds if one.contestant == name]
        medians[name] = burst.median(own, "rate")
        rows.append(
            {
                "contestant": titles[name],
                "deliveries/s": medians[name],
                "in a message": burst.median(own, "joined"),
                "server µs each": burst.median(own, "server_us"),
                "p50 ms": burst.median(own, "p50_ms"),
                "p99 ms": burst.median(own, "p99_ms"),
                "server": burst.median(own, "server_share"),
                "load": burst.median(own, "load_share"),
                "publisher": burst.median(own, "publisher_share"),
            }
        )
    invalid = [f"{one.contestant}: {one.invalid}" for one in rounds if one.invalid]
    invalid += [
        f"{one.contestant}: load and publisher were busy, {one.load_core_share:.0%} of their core"
        for one in rounds
        if one.load_core_share > SATURATED
    ]
    ours = contestant.DAPHNE.name
    targets = [
        Target(f"{ours} over {name}", wanted, medians[ours] / medians[name])
        for name, wanted in WANTED_OVER.items()
        if not options.interval and ours in medians and name in medians
    ]
    conditions = {key: value for key, value in vars(options).items() if key != "only"}
    return Findings("fan_out", conditions, rows, targets, invalid, [asdict(one) for one in rounds])


if __name__ == "__main__":
    arena.enter(main)
