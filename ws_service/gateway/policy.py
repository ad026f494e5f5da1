"""Asks the site's own functions. One connection's questions don't hold up another's."""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from typing import Any, Final

from ws_service.database_threads import DatabaseThreads
from ws_service.errors import DatabaseThreadsBusy
from ws_service.gateway.turns import Turns
from ws_service.metrics import count
from ws_service.outage import in_words, is_outage
from ws_service.quiet import Quiet

logger = logging.getLogger(__name__)

TIME_LIMIT_S: Final = 4.0
"""From the arrival of the command, all waiting included: client libraries give up after 5 s."""

ASKED_AT_ONCE: Final = 500
"""Of one function: past it there would be no answer in time."""


class PolicyFailed(Exception):
    """The site's function gave no answer: it raised, took too long, or too many are being asked."""


class Policies:
    """Runs the site's functions: plain ones in the database threads, coroutines in the event loop.

    A connection has half of the threads at most, and so has a function, until its work has really
    ended: one client that asks much, or one function that hangs, leaves the other half to everybody
    else, and to their handshakes.
    """

    def __init__(self, threads: DatabaseThreads) -> None:
        self._threads = threads
        half = max(1, threads.size // 2)
        self._turns_of_owners = Turns(half)
        self._turns_of_functions = Turns(half)
        self._running: Counter[object] = Counter()
        self._quiet = Quiet()

    async def ask(
        self,
        function: Callable[[], Any],
        deadline_s: float,
        owner: object,
        finish: Callable[[Any], Any],
        passes: tuple[type[Exception], ...] = (),
    ) -> Any:
        """What the site's function answers.

        deadline_s: on the event loop's clock. owner: whose share of the threads it takes.
        finish: makes the result of the answer, where the function ran: the truth of a queryset
            is a query. passes: exceptions that are answers themselves.
        Raises PolicyFailed, and what passes.
        """
        limit_s = deadline_s - asyncio.get_running_loop().time()
        kind = _kind_of(function)
        if limit_s <= 0 or self._running[kind] >= ASKED_AT_ONCE:
            raise PolicyFailed("too busy to ask")
        self._running[kind] += 1
        try:
            if iscoroutinefunction(_inner(function)):
                async with asyncio.timeout(limit_s):
                    return finish(await function())
            return await self._in_thread(function, deadline_s, owner, finish)
        except DatabaseThreadsBusy as error:
            raise PolicyFailed(str(error)) from error
        except passes:
            raise
        except Exception as error:
            count("ws_service_policy_failures_total")
            now_s = asyncio.get_running_loop().time()
            if self._quiet.may_say((name_of(function), type(error)), now_s):
                _log(function, error)
            raise PolicyFailed(str(error)) from error
        finally:
            self._running[kind] -= 1
            if not self._running[kind]:
                del self._running[kind]

    async def _in_thread(
        self,
        function: Callable[[], Any],
        deadline_s: float,
        owner: object,
        finish: Callable[[Any], Any],
    ) -> Any:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout_at(deadline_s):
            turns = await self._take_turns(owner, _kind_of(function))
        # Whoever is first: the thread that begins, or the one who doesn't wait any more.
        claim = threading.Lock()

        def work() -> Any:
            if not claim.acquire(blocking=False):
                return None
            try:
                return finish(_answer_of(function))
            finally:
                loop.call_soon_threadsafe(turns.close)

        try:
            return await self._threads.run(max(0.0, deadline_s - loop.time()), work)
        finally:
            if claim.acquire(blocking=False):
                turns.close()

    async def _take_turns(self, owner: object, kind: object) -> ExitStack:
        """The owner's, then the function's; closed, they are given back."""
        with ExitStack() as turns:
            await self._turns_of_owners.take(owner)
            turns.callback(self._turns_of_owners.give_back, owner)
            await self._turns_of_functions.take(kind)
            turns.callback(self._turns_of_functions.give_back, kind)
            return turns.pop_all()


def _answer_of(function: Callable[[], Any]) -> Any:
    answer = function()
    if isawaitable(answer):
        # Its truth would be a coroutine's, which is always true.
        if hasattr(answer, "close"):
            answer.close()
        raise TypeError("a policy that awaits must be an async def")
    return answer


def _log(function: Callable[[], Any], error: Exception) -> None:
    name = name_of(function)
    topic = getattr(getattr(_inner(function), "__self__", None), "name", None)
    subject = f" for {topic!r}" if isinstance(topic, str) else ""
    if isinstance(error, TimeoutError):
        logger.error("%s gave no answer in %g s%s", name, TIME_LIMIT_S, subject)
    elif is_outage(error):
        logger.error("%s failed%s: %s (%s)", name, subject, in_words(error), error)
    else:
        logger.error("%s failed%s; clients try again", name, subject, exc_info=error)


def name_of(function: Callable[[], Any]) -> str:
    """What the site calls it."""
    return getattr(_inner(function), "__qualname__", repr(function))


def _kind_of(function: Callable[[], Any]) -> object:
    """The function itself, whatever it is bound to."""
    inner = _inner(function)
    return getattr(inner, "__func__", inner)


def _inner(function: Callable[[], Any]) -> Callable[..., Any]:
    return function.func if isinstance(function, partial) else function
