"""The simulation finds what it is there for: each defect that is put back turns it red."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import pytest

from tests.simulation import defects
from tests.simulation.plan import Event, Plan
from tests.simulation.shrink import shrink
from tests.simulation.world import run

pytestmark = [pytest.mark.once, pytest.mark.filterwarnings("ignore::ResourceWarning")]

SEEDS_LIMIT = 400

# What has to go wrong for it, and a seed that was red once: another one may be by now.
NEEDS: dict[str, tuple[int, Sequence[str]]] = {
    "a_reading_outlives_its_generation": (
        8,
        ("restart_whole", "attach_replica", "hold_up_hub", "hold_up_wire", "restart_hub",
         "forget_tails"),
    ),
    "a_store_that_lost_writes_is_believed": (
        6, ("restart_older", "hold_up_hub", "forget_tails"),
    ),
    "what_was_not_compared_counts_as_compared": (
        2, ("lose_doorbells", "attach_replica", "cancel_stray"),
    ),
    "the_change_index_has_no_name": (145, ("lose_doorbells", "flush_all", "evict")),
    "the_tail_knows_no_age": (30, ("cut_wire",)),
    "the_tail_knows_no_size": (2, ("cut_wire",)),
}  # fmt: skip


def _nobody_stays() -> Plan:
    """The one client of a process leaves in the very turn in which the link is back, for good."""
    plan = Plan.of(0)
    visit = Event(0.0, "visit", (0, (0,), 0))
    leave = Event(4.0, "leave_as_link_returns", (0, 2))
    knobs = replace(plan.knobs, lingering=0)
    return replace(plan, hubs=2, clients=1, knobs=knobs, events=(visit, leave))


# So rare that no seed is waited for.
MADE = {"a_topic_that_is_gone_is_waited_for": _nobody_stays}


def _is_red(plan: Plan, defect: str) -> bool:
    with defects.DEFECTS[defect]():
        return bool(run(plan).wrong)


def _red_plan(defect: str) -> Plan:
    if defect in MADE:
        plan = MADE[defect]()
        assert _is_red(plan, defect)
        return plan
    seed, kinds = NEEDS[defect]
    for each in chain([seed], range(SEEDS_LIMIT)):
        if _is_red(plan := Plan.of(each, *kinds), defect):
            return plan
    raise AssertionError(f"none of {SEEDS_LIMIT} seeds is red with this defect")


def test_every_defect_is_put_back_here() -> None:
    """One that nobody puts back proves nothing."""
    assert {*NEEDS, *MADE} == set(defects.DEFECTS)


@pytest.mark.parametrize("defect", defects.DEFECTS)
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
