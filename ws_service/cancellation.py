"""Tells a task that is told to end from one into which somebody else's cancellation has strayed.

Libraries cancel what they wait for when a time limit passes; one that escapes must not end what has
to run for as long as the process does.
"""

import asyncio


def is_ending() -> bool:
    """Whether the running task was cancelled on purpose."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
