"""The simulation finds what it is there for: each defect that is put back turns it red."""

from collections.abc import Sequence
from itertools import chain

import pytest

from tests.simulation import defects
from tests.simulation.plan import Plan
from tests.simulation.shrink import shrink
from tests.simulation.world import run

pytestmark = [pytest.mark.once, pytest.mark.filterwarnings("ignore::ResourceWarning")]

SEEDS_LIMIT = 400

# What has to go wrong for it, and a seed that was red once: another one may be by now.
NEEDS: dict[str, tuple[int, Sequence[str]]] = {
    "a_reading_outlives_its_generation": (
        60,
        ("restart_whole", "attach_replica", "hold_up_hub", "hold_up_wire", "restart_hub",
         "forget_tails"),
    ),
    "a_store_that_lost_writes_is_believed": (
        11, ("restart_older", "hold_up_hub", "forget_tails"),
    ),
    "what_was_not_compared_counts_as_compared": (
        2, ("lose_doorbells", "attach_replica", "cancel_stray"),
    ),
    "the_change_index_has_no_name": (58, ("lose_doorbells", "flush_all", "evict")),
    "a_topic_that_is_gone_is_waited_for": (58, ("cut_wire", "leave_as_link_returns")),
    "the_tail_knows_no_age": (0, ("cut_wire",)),
    "the_tail_knows_no_size": (2, ("cut_wire",)),
}  # fmt: skip


def _is_red(plan: Plan, defect: str) -> bool:
    with defects.DEFECTS[defect]():
        return bool(run(plan).wrong)


def _red_plan(defect: str) -> Plan:
    seed, kinds = NEEDS[defect]
    for each in chain([seed], range(SEEDS_LIMIT)):
        if _is_red(plan := Plan.of(each, *kinds), defect):
            return plan
    raise AssertionError(f"none of {SEEDS_LIMIT} seeds is red with this defect")


def test_every_defect_is_put_back_here() -> None:
    """One that nobody puts back proves nothing."""
    assert set(NEEDS) == set(defects.DEFECTS)


@pytest.mark.parametrize("defect", NEEDS)
def test_a_defect_that_is_put_back_turns_it_red(defect: str) -> None:
    """And only the defect does: the same run without it is green."""
    plan = _red_plan(defect)
    assert run(plan).wrong == []


def test_a_red_run_is_shrunk_to_what_matters() -> None:
    """Nobody finds a cause among fifty events."""
    defect = "the_tail_knows_no_size"
    plan = _red_plan(defect)
    small = shrink(plan, lambda each: _is_red(each, defect))
    assert _is_red(small, defect)
    # Somebody visits, misses some, and comes back.
    assert len(small.events) <= 6 < len(plan.events)
