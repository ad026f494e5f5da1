"""Publications on their way, as steps: what stands in one step happens together, in its order.

Redis refuses a call of a pipeline and runs those behind it. So a topic's publications are one
call; where that would hold up others for too long, each call wants to see what the one before it
has left.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ws_service.broker.position import Position
from ws_service.broker.scripts import Call, publish_answer, script
from ws_service.chunks import in_chunks

STEP_LIMIT: Final = 100
"""Publications of one step, a few milliseconds in which Redis serves nobody else."""

_IDEMPOTENCY_KEY: Final = 3
_OF_EACH: Final = (0, 1, 2, 3, 5, 10)
"""By which of its arguments a publication differs from another one of its topic, from 0."""


@dataclass(frozen=True, slots=True)
class Step:
    """Publications of one topic that happen together.

    numbers: which they are. call: what Redis is asked to do; it may be repeated.
    """

    numbers: Sequence[int]
    call: Call

    def positions(self, answer: Any) -> Sequence[Position]:
        """Of each publication, in the order of ``numbers``."""
        if self.call.script is script("publish"):
            return [publish_answer(answer)]
        return [publish_answer(each) for each in answer]


def in_steps(calls: Mapping[int, Call], topics: Mapping[int, str]) -> list[Step]:
    """What ``publish_call()`` has made, for one pipeline: of each topic in order and without a gap,
    whichever calls are refused, and whoever loads or forgets scripts meanwhile.

    calls, topics: of each publication, by its number.
    """
    by_topic: defaultdict[str, list[int]] = defaultdict(list)
    for number in calls:
        by_topic[topics[number]].append(number)
    return [step for numbers in by_topic.values() for step in _in_order(calls, numbers)]


def _in_order(calls: Mapping[int, Call], numbers: Sequence[int]) -> list[Step]:
    if len(numbers) == 1:
        return [Step(numbers, calls[numbers[0]])]
    steps: list[Step] = []
    before: Call | None = None
    for together in in_chunks(numbers, STEP_LIMIT):
        own = [calls[number] for number in together]
        steps.append(Step(together, _together(own, before)))
        before = own[-1]
    return steps


def _together(calls: Sequence[Call], before: Call | None) -> Call:
    first, *others = calls
    return Call(
        script("publish_many"),
        (
            *first.keys,
            *(each.keys[_IDEMPOTENCY_KEY] for each in others),
            (before or first).keys[_IDEMPOTENCY_KEY],
        ),
        (
            1 if before else 0,
            len(first.keys),
            len(first.arguments),
            *first.arguments,
            *(each.arguments[place] for each in others for place in _OF_EACH),
        ),
    )
