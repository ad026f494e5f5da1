"""How asynchronous tests wait: for a condition, and not for ever."""

import asyncio
from collections.abc import Callable


async def until(
    condition: Callable[[], bool], what: Callable[[], str] = lambda: "it", limit_s: float = 10.0
) -> None:
    """Wait for a condition; ``what`` says at the end what was there instead."""
    deadline = asyncio.get_running_loop().time() + limit_s
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"not in time; there was {what()}"
        await asyncio.sleep(0.01)
