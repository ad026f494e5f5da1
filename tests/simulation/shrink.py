"""Finds the few events that a red plan needs."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tests.simulation.plan import Event, Plan

RUNS_LIMIT: Final = 400


def shrink(plan: Plan, is_red: Callable[[Plan], bool], runs: int = RUNS_LIMIT) -> Plan:
    """Leave out what can be left out, large parts first, for as long as it stays red.

    The result is red. With more ``runs`` it may become smaller still.
    """
    left = runs
    size = len(plan.events) // 2
    while size >= 1 and left > 0:
        begin, has_shrunk = 0, False
        while begin < len(plan.events) and left > 0:
            without = plan.events[:begin] + plan.events[begin + size :]
            left -= 1
            if is_red(replace(plan, events=without)):
                plan, has_shrunk = replace(plan, events=without), True
            else:
                begin += size
        if not has_shrunk or size > 1:
            size //= 2
    return plan


def listed(events: tuple[Event, ...]) -> str:
    return "\n".join(f"  {event}" for event in events)
