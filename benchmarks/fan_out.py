"""One burst to many clients: deliveries per second, counted at the clients.

Everybody is subscribed to the same group or topic; a publisher process sends a burst. The clock
runs from its first call until the last client has the last publication. Then every message of
every client is read: all numbers, each once, in order, or the run is invalid.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks import arena, contestant, placement, report
from benchmarks.connection import ConnectionFailed
from benchmarks.contestant import Contestant
from benchmarks.crowd import Crowd, check_order, own_cpu_share
from benchmarks.dialect import WrongContent
from benchmarks.report import Findings, Target
from devkit.redis_server import RedisServer

WANTED_OVER = {contestant.CORE.name: 10.0, contestant.PUBSUB.name: 6.0}
BURST_LIMIT_S = 120.0
SATURATED = 0.9
"""A load and a publisher that used more of their core may have been what was measured."""


@dataclass(frozen=True, slots=True)
class Round:
    """One burst. The shares are of one core, 0 to 1, from the first call to the last delivery."""

    contestant: str
    took_s: float
    publishing_s: float
    deliveries: int
    delivered: int
    load_share: float
    publisher_share: float
    server_share: float
    invalid: str | None = None

    @property
    def rate(self) -> float:
        """Deliveries per second."""
        return self.delivered / self.took_s

    @property
    def load_core_share(self) -> float:
        """How busy the other core was: with the load client and the publisher."""
        return self.load_share + self.publisher_share


def main(arguments: Sequence[str]) -> int:
    """Measure, show, write down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    names = [one.name for one in contestant.ALL]
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--publications", type=int, default=100)
    parser.add_argument("--size", type=int, default=128, help="bytes of a publication")
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
        "interval_s": 0,
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
            ended_s, invalid = await _last_arrival(crowd, options.publications)
            took_s = ended_s - answer["started_s"]
            return Round(
                contestant=one.name,
                took_s=took_s,
                publishing_s=answer["ended_s"] - answer["started_s"],
                deliveries=wanted,
                delivered=crowd.delivered,
                load_share=share[0],
                publisher_share=answer["cpu_s"] / took_s,
                server_share=server_cpu_s / took_s,
                invalid=invalid,
            )
        finally:
            crowd.close()


async def _last_arrival(crowd: Crowd, publications: int) -> tuple[float, str | None]:
    """When the last delivery came, and what was wrong with the deliveries."""
    ended_s = time.monotonic()
    try:
        came = await crowd.arrivals()
        for arrivals in came:
            check_order(arrivals, range(publications))
    except (WrongContent, ConnectionFailed) as error:
        return ended_s, str(error)
    return max(arrivals[-1].at_s for arrivals in came), None


def _tell(number: int, one: Round) -> None:
    outcome = f"INVALID: {one.invalid}" if one.invalid else f"{one.rate:,.0f} deliveries/s"
    print(f"  round {number + 1}: {one.contestant:<16} {outcome}", flush=True)


def _findings(rounds: Sequence[Round], options: argparse.Namespace) -> Findings:
    titles = {one.name: one.title for one in contestant.ALL}
    medians: dict[str, float] = {}
    rows = []
    for name in options.only:
        own = [one for one in rounds if one.contestant == name]
        medians[name] = statistics.median(one.rate for one in own)
        rows.append(
            {
                "contestant": titles[name],
                "deliveries/s": medians[name],
                "server": statistics.median(one.server_share for one in own),
                "load": statistics.median(one.load_share for one in own),
                "publisher": statistics.median(one.publisher_share for one in own),
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
        if ours in medians and name in medians
    ]
    conditions = {key: value for key, value in vars(options).items() if key != "only"}
    return Findings("fan_out", conditions, rows, targets, invalid, [asdict(one) for one in rounds])


if __name__ == "__main__":
    arena.enter(main)
