"""Tasks that run for ever end when they are told to."""

import asyncio
from contextlib import suppress

from ws_service.cancellation import end


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
