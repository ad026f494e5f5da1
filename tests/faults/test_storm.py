"""Everything that can go wrong goes wrong at once, and every client has seen the truth."""

import os
import secrets
from pathlib import Path

import pytest

from tests.faults.storm import Outcome, Plan, Storm
from tests.live import Site

DEEP = tuple(f"deep:{n}" for n in range(6))
SHALLOW = ("shallow:0", "shallow:1")

# STORM_SEED=… repeats the random choices of a run; the time that processes take isn't repeatable.
# STORM_BUSY=1 lets so many other processes take the time of a core meanwhile.
SEED = int(os.environ.get("STORM_SEED", secrets.randbelow(1_000_000)))
BUSY = int(os.environ.get("STORM_BUSY", "0"))

WHOLE = Plan(
    seed=SEED,
    publications=10_500,
    publications_per_s=180,
    cuts=220,
    faults={
        "half_open_a_client": 20,
        "resubscribe": 100,
        "kill_service": 4,
        "restart_service": 1,
        "restart_redis": 3,
        "restart_redis_stale": 3,
        "restart_redis_empty": 1,
        "cut_broker": 4,
        "half_open_broker": 1,
    },
    topics=DEEP + SHALLOW,
    services=2,
    linger_s=1.0,
    busy=BUSY,
)


def run(plan: Plan, site: Site, sdk_package: Path, folder: Path) -> Outcome:
    print(f"STORM_SEED={plan.seed}")
    with Storm(plan, site, sdk_package, folder) as storm:
        outcome = storm.run()
    print(outcome)
    return outcome


@pytest.mark.once
@pytest.mark.promise("exactly-once")
def test_nothing_is_lost_duplicated_or_swapped_without_a_word(
    site: Site, sdk_package: Path, tmp_path: Path
) -> None:
    """The delivery contract: exactly once, in order, or the client is told that it has a gap."""
    outcome = run(WHOLE, site, sdk_package, tmp_path)
    assert outcome.verdict.wrong == []
    assert outcome.verdict.gaps_announced == outcome.verdict.gaps_unavoidable
    # Else the run has proved nothing.
    assert outcome.publications >= 10_000
    assert outcome.verdict.confirmed_to_clients >= 500
    assert outcome.done["cut_a_client"] >= 200
    for name, times in WHOLE.faults.items():
        assert outcome.done[name] == times
    assert outcome.counters["test_doorbells_dropped_total"] >= 200
    for counter in (
        "ws_service_gaps_repaired_total",
        "ws_service_duplicates_dropped_total",
        "ws_service_recoveries_total",
    ):
        assert outcome.counters[counter] >= 200, counter


@pytest.mark.promise("recovery")
def test_while_the_history_covers_it_there_is_no_gap(
    site: Site, sdk_package: Path, tmp_path: Path
) -> None:
    """Whoever was away for a moment must not load a page anew."""
    plan = Plan(
        seed=SEED,
        publications=900,
        # So few that nobody misses more than one recovery carries, however slow the machine is.
        publications_per_s=150,
        cuts=30,
        faults={"kill_service": 1, "restart_redis": 1, "cut_broker": 1},
        topics=DEEP,
        server="uvicorn",
    )
    outcome = run(plan, site, sdk_package, tmp_path)
    assert outcome.verdict.wrong == []
    assert outcome.verdict.gaps_announced == 0
