"""Switches off one mechanism of the delivery, so that tests can see that they would notice."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ws_service.broker.doorbell import Doorbell
from ws_service.broker.position import Lineage, Position
from ws_service.broker.scripts import StreamPart
from ws_service.hub import hub
from ws_service.hub.sequencer import Verdict, judge
from ws_service.hub.subscription import Subscription
from ws_service.hub.synchronise import Synchroniser
from ws_service.hub.topic import HubTopic
from ws_service.hub.watcher import Watcher


def no_repair() -> None:
    """A doorbell that is further ahead is delivered at once, without what is missing before it."""

    def judge_without(position: Position, doorbell: Doorbell) -> Verdict:
        is_ahead = doorbell.epoch == position.epoch and doorbell.offset > position.offset
        if is_ahead and doorbell.payload is not None:
            return Verdict.DELIVER
        return judge(position, doorbell)

    replace_in(hub, "judge", judge_without)


def no_duplicate_check() -> None:
    """A doorbell that is not newer is delivered again."""

    def judge_without(position: Position, doorbell: Doorbell) -> Verdict:
        verdict = judge(position, doorbell)
        return Verdict.DELIVER if verdict is Verdict.DROP else verdict

    replace_in(hub, "judge", judge_without)


def no_change_index() -> None:
    """Nobody asks for doorbells that were lost."""

    async def sleep_for_ever(_: Watcher) -> None:
        await asyncio.Event().wait()

    replace_in(Watcher, "run", sleep_for_ever)


def no_attach_rule() -> None:
    """What is on its way in this turn of the loop goes also to who attaches in it."""

    def attach_without_flush(topic: HubTopic, subscription: Subscription) -> None:
        topic.subscriptions[subscription] = None

    replace_in(HubTopic, "attach", attach_without_flush)


def no_epoch_rule() -> None:
    """Offsets are compared as if all epochs were one."""
    apply = Synchroniser._apply

    def judge_without(position: Position, doorbell: Doorbell) -> Verdict:
        return judge(position, replace(doorbell, epoch=position.epoch))

    async def apply_without(synchroniser: Synchroniser, topic: HubTopic, part: StreamPart) -> bool:
        top = replace(part.lineage.top, epoch=topic.position.epoch)
        part = replace(part, lineage=replace(part.lineage, top=top))
        return await apply(synchroniser, topic, part)

    def covers_without(lineage: Lineage, position: Position) -> bool:
        return position.offset <= lineage.top.offset

    replace_in(hub, "judge", judge_without)
    replace_in(Synchroniser, "_apply", apply_without)
    replace_in(Lineage, "covers", covers_without)


SWITCHES: Mapping[str, Callable[[], None]] = {
    "repair": no_repair,
    "duplicate-check": no_duplicate_check,
    "change-index": no_change_index,
    "attach-rule": no_attach_rule,
    "epoch-rule": no_epoch_rule,
}


def replace_in(owner: Any, name: str, value: Any) -> None:
    """Raises AttributeError if there is nothing to replace: the switch would do nothing."""
    getattr(owner, name)
    setattr(owner, name, value)
