"""Methods that clients may call: one for each way in which a call can end."""

import asyncio
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError

from ws_service import RPCError


def greet(caller: Any, *, name: str, times: int = 1) -> Any:
    """Runs in a database thread; its parameters are checked by their annotations."""
    return {"text": f"Hello {name}!" * times, "user": str(caller.user.pk), "client": caller.client}


async def nothing(caller: Any) -> None:
    """Has nothing to say."""


def refuse(caller: Any, *, how: str) -> Any:
    """Ends in the way that is asked for."""
    raise {
        "own": RPCError(1234, "out of stock"),
        "denied": PermissionDenied(),
        "invalid": ValidationError("no such date"),
        "bug": LookupError("a method's bug"),
    }[how]


async def hang(caller: Any) -> None:
    await asyncio.sleep(30)
