"""The hub in a world where everything goes wrong at once, hundreds of times, in no time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.__main__ import explain
from tests.simulation.plan import Plan
from tests.simulation.world import run

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

CHUNKS = 8
SEEDS_OF_A_CHUNK = 50
ROOT = Path(__file__).parents[2]

# Prints a run's whole trace.
_TRACE = """
import django; django.setup()
from tests.simulation.plan import Plan
from tests.simulation.world import run
print("\\n".join(run(Plan.of(7)).judgement.trace))
"""


@pytest.mark.once
@pytest.mark.promise("exactly-once")
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_client_sees_a_gap_a_double_or_a_swap_without_a_word(chunk: int) -> None:
    """The delivery contract, and that a gap is announced only where there is one.

    ``python3 dev.py simulate`` tries thousands.
    """
    first = chunk * SEEDS_OF_A_CHUNK
    plans = [Plan.of(seed) for seed in range(first, first + SEEDS_OF_A_CHUNK)]
    outcomes = [run(plan) for plan in plans]
    red = [plan for plan, outcome in zip(plans, outcomes, strict=True) if outcome.wrong]
    assert not red, explain(red[0])
    # Else they have proved nothing.
    assert sum(outcome.published for outcome in outcomes) > 1_000
    assert sum(outcome.judgement.delivered for outcome in outcomes) > 2_000
    assert sum(outcome.judgement.recovered for outcome in outcomes) > 300
    assert sum(outcome.judgement.gaps for outcome in outcomes) > 50


def test_a_run_repeats_itself_to_the_letter() -> None:
    """A red seed that is green the next time tells nobody anything."""
    first, second = (run(Plan.of(7)).judgement.trace for _ in range(2))
    assert len(first) > 100
    assert first == second


@pytest.mark.once
@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_run_repeats_itself_in_another_process(hash_seed: str) -> None:
    """No order of a set, and no address of an object, may decide what happens."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    environment["DJANGO_SETTINGS_MODULE"] = "settings.test"
    there = subprocess.run(
        [sys.executable, "-c", _TRACE],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert there.stdout.splitlines() == run(Plan.of(7)).judgement.trace
