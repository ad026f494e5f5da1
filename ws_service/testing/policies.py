"""Asks a site's policies in the test's own thread: they see its transaction."""

from collections.abc import Callable
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from typing import Any, cast

from asgiref.sync import sync_to_async

from ws_service.gateway.permissions import Permissions
from ws_service.gateway.policy import Policies
from ws_service.topics import TopicTable


class OwnThreadPolicies:
    """As ``Policies``, but what a policy raises fails the test, and no time is too long."""

    async def ask(
        self,
        function: Callable[[], Any],
        deadline_s: float,
        owner: object,
        finish: Callable[[Any], Any],
        passes: tuple[type[Exception], ...] = (),
    ) -> Any:
        """What the site's function answers. Raises what it raises."""
        inner = function.func if isinstance(function, partial) else function
        if iscoroutinefunction(inner):
            return finish(await function())
        return await sync_to_async(_answer_of, thread_sensitive=True)(function, finish)


def permissions_of(topics: TopicTable) -> Permissions:
    """Asks topics, in the thread that waits for the answer."""
    return Permissions(topics, cast("Policies", OwnThreadPolicies()))


def _answer_of(function: Callable[[], Any], finish: Callable[[Any], Any]) -> Any:
    answer = function()
    if isawaitable(answer):
        if hasattr(answer, "close"):
            answer.close()
        raise TypeError("a policy that awaits must be an async def")
    return finish(answer)
