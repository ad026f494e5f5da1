"""``python3 dev.py simulate``: thousands of seeds, on all cores; a red one is shrunk and shown."""

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor

import django

from tests.simulation.plan import Plan
from tests.simulation.shrink import listed, shrink
from tests.simulation.world import Outcome, run

SHOWN_LIMIT = 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5_000, help="how many (5000)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (0)")
    parser.add_argument("--seed", type=int, help="only this one, with everything that happened")
    options = parser.parse_args()
    _set_up()
    if options.seed is not None:
        return _show_one(options.seed)
    began_s = time.monotonic()
    seeds = range(options.first, options.first + options.seeds)
    red: list[int] = []
    published = delivered = recovered = gaps = 0
    with ProcessPoolExecutor(os.cpu_count(), initializer=_set_up) as pool:
        for seed, outcome in zip(seeds, pool.map(_outcome_of, seeds, chunksize=20), strict=True):
            published += outcome.published
            delivered += outcome.judgement.delivered
            recovered += outcome.judgement.recovered
            gaps += outcome.judgement.gaps
            if outcome.wrong:
                red.append(seed)
                print(f"seed {seed}: {outcome.wrong[0]}", flush=True)
    print(
        f"{len(seeds)} runs in {time.monotonic() - began_s:.0f} s: {published} publications,"
        f" {delivered} deliveries, {recovered} recoveries, {gaps} gaps announced, {len(red)} red"
    )
    for seed in red[:SHOWN_LIMIT]:
        print(explain(Plan.of(seed)))
    return 1 if red else 0


def explain(plan: Plan) -> str:
    """What a red plan needs to be red."""
    small = shrink(plan, lambda each: bool(run(each).wrong))
    outcome = run(small)
    lines = [
        f"seed {plan.seed}: {len(small.events)} of {len(plan.events)} events are enough,",
        f"with {small.hubs} processes and {small.knobs}:",
        listed(small.events),
        *(f"  WRONG: {sentence}" for sentence in outcome.wrong),
    ]
    return "\n".join(lines)


def _show_one(seed: int) -> int:
    plan = Plan.of(seed)
    outcome = run(plan)
    print("\n".join(outcome.judgement.trace))
    print("\n".join(outcome.wrong) or "nothing was wrong")
    if outcome.wrong:
        print(explain(plan))
    return 1 if outcome.wrong else 0


def _outcome_of(seed: int) -> Outcome:
    return run(Plan.of(seed))


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.test")
    django.setup()


if __name__ == "__main__":
    raise SystemExit(main())
