"""Tasks that run for ever end when they are told to."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

from tests.waiting import until
from ws_service.cancellation import end, pause, pause_until


async def test_a_task_ends_though_a_library_loses_its_cancellation() -> None:
    """A service must not hang at its end because Redis failed in that very moment."""
    lost = 0

    async def stubborn() -> None:
        nonlocal lost
        while True:
            if lost:
                await asyncio.Event().wait()
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            lost += 1

    async def failing() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError

    tasks = [asyncio.create_task(each) for each in (stubborn(), failing())]
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await end(tasks)
    assert lost == 1
    assert all(task.done() for task in tasks)


@pytest.mark.parametrize("wait", [lambda: pause(60), lambda: pause_until(asyncio.Event(), 60)])
async def test_a_pause_is_ended_by_a_stray_cancellation_and_by_nothing_else(
    wait: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    """A task that runs for ever goes on; one that is told to end, ends."""
    stray = asyncio.create_task(wait())
    await until(lambda: stray._fut_waiter is not None)  # type: ignore[attr-defined]
    stray._fut_waiter.cancel()  # type: ignore[attr-defined]
    await stray
    meant = asyncio.create_task(wait())
    await asyncio.sleep(0)
    meant.cancel()
    with pytest.raises(asyncio.CancelledError):
        await meant
