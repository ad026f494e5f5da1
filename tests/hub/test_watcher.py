"""What was lost is found, whatever interrupts the search."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis

from tests.hub.conftest import TOPIC, Stage
from tests.waiting import until


async def first_round(stage: Stage) -> None:
    """From now on the watch knows where the change index stood."""
    await until(lambda: bool(stage.hub._watcher._seen))


@pytest.mark.parametrize("error", [asyncio.CancelledError, LookupError])
async def test_a_comparison_that_was_interrupted_is_made_again(
    stage: Stage,
    deaf: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    error: type[BaseException],
) -> None:
    """A topic whose last doorbell was lost would stay one behind for ever."""
    listener, _, _ = await stage.subscribe()
    await first_round(stage)
    positions: Callable[..., Awaitable[Any]] = stage.hub._streams.positions
    failures = iter([error()])

    async def fail_once(*args: Any) -> Any:
        if (failure := next(failures, None)) is not None:
            raise failure
        return await positions(*args)

    monkeypatch.setattr(stage.hub._streams, "positions", fail_once)
    deaf()
    stage.publish(1)
    # As after another server's answer: the number is behind the publication, and all is compared.
    seen = stage.hub._watcher._seen
    seen[0] = (seen[0][0] + 1, "another")
    await stage.hears(listener, [1])
    assert next(failures, None) is None


@pytest.mark.parametrize("task", ["change watcher", "lease", "members", "reaper"])
async def test_a_stray_cancellation_ends_nothing_that_runs_for_ever(
    stage: Stage, task: str
) -> None:
    """Also one that comes while the task has nothing to do."""
    await first_round(stage)
    (found,) = [each for each in stage.hub._tasks if each.get_name() == task]
    await until(lambda: found._fut_waiter is not None)  # type: ignore[attr-defined]
    found._fut_waiter.cancel()  # type: ignore[attr-defined]
    for _ in range(5):
        await asyncio.sleep(0)
    assert not found.done()


@pytest.mark.parametrize("loss", ["flush", "changes", "changes and number", "number"])
async def test_a_change_index_that_was_lost_is_noticed_whatever_its_numbers_say(
    stage: Stage, deaf: Callable[[], None], raw: redis.Redis, loss: str
) -> None:
    """FLUSHDB and an eviction leave the server the same, and numbers may have caught up."""
    listener, _, _ = await stage.subscribe()
    stage.publish(*range(1, 4))
    await stage.hears(listener, [1, 2, 3])
    await first_round(stage)
    await until(lambda: stage.hub._watcher._seen[0][0] >= 3)
    deaf()
    lost = {
        "flush": list(raw.scan_iter(f"{stage.keys.prefix}*")),
        "changes": [stage.keys.changes(0)],
        "changes and number": [stage.keys.changes(0), stage.keys.change_number(0)],
        "number": [stage.keys.change_number(0)],
    }[loss]
    with raw.pipeline(transaction=True) as pipeline:
        pipeline.multi()
        if loss == "changes":
            stage.publish(4)  # its change is named in what is lost now
        pipeline.delete(*lost)
        pipeline.execute()
    if loss != "changes":
        stage.publish(4)
    # The numbers catch up with what the watch has seen, by changes of others.
    for number in range(10):
        stage.publish(number, topic=f"other:{number}")
    if loss == "flush":
        await until(lambda: listener.lost != [])
        _, _, attached = await stage.subscribe()
        assert attached.position.offset == 1
    else:
        await stage.hears(listener, [1, 2, 3, 4])


async def test_a_topic_that_can_never_be_read_keeps_no_other_from_its_turn(
    stage: Stage, deaf: Callable[[], None], raw: redis.Redis
) -> None:
    """A foreign key of another type under one topic's name is that topic's trouble."""
    listener, _, _ = await stage.subscribe()
    await stage.subscribe(topic="broken")
    position = stage.publish(1, topic="broken")
    await until(lambda: stage.hub._topics["broken"].position == position)
    raw.delete(stage.keys.stream("broken"))
    raw.set(stage.keys.stream("broken"), "no stream")
    raw.hset(stage.keys.metadata("broken"), "offset", 5)
    synchroniser = stage.hub._synchroniser
    await asyncio.wait([synchroniser.start(stage.hub._topics["broken"])])
    assert list(synchroniser.doubtful) == [stage.hub._topics["broken"]]
    synchroniser.doubtful[stage.hub._topics[TOPIC]] = None
    deaf()
    raw.delete(stage.keys.changes(0))  # nothing else tells of the next one
    stage.publish(7)
    await stage.hears(listener, [7])
