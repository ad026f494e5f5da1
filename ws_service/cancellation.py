"""Tells a task that is told to end from one into which somebody else's cancellation has strayed.

Libraries cancel what they wait for when a time limit passes; one that escapes must not end what has
to run for as long as the process does. And they may lose the one that is meant: a client of Redis
that is about to fail answers with the failure.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, Final, TypeVar

T = TypeVar("T")

AGAIN_INTERVAL_S: Final = 0.5


def is_ending() -> bool:
    """Whether the running task was cancelled on purpose."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def pause(seconds: float) -> None:
    """Sleep; shorter, where a cancellation has strayed in."""
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        if is_ending():
            raise


async def pause_until(event: asyncio.Event, limit_s: float | None) -> None:
    """Wait for an event, which is cleared, or for so long (None: without a limit); shorter, where
    a cancellation has strayed in.
    """
    try:
        async with asyncio.timeout(limit_s):
            await event.wait()
    except TimeoutError:
        pass
    except asyncio.CancelledError:
        if is_ending():
            raise
    event.clear()


async def all_of(works: Iterable[Awaitable[T]]) -> list[T]:
    """All results, in order; or the first error, when none of them is running any more."""
    outcomes = await asyncio.gather(*works, return_exceptions=True)
    results: list[T] = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
        results.append(outcome)
    return results


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended; how they end is of no interest."""
    unended = set(tasks)
    while unended:
        for task in unended:
            task.cancel()
        ended, unended = await asyncio.wait(unended, timeout=AGAIN_INTERVAL_S)
        for task in ended:
            if not task.cancelled():
                task.exception()  # or it would be logged as one that nobody has seen
