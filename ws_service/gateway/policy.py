"""Asks a topic's class what a user may do. One connection's policies don't hold up another's."""

import asyncio
import logging
from collections.abc import Callable
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

POLICIES_AT_ONCE: Final = 1_000


class PolicyFailed(Exception):
    """A policy gave no answer: it raised, took too long, or too many are being asked."""


class Policies:
    """Runs policies: functions in the database threads, coroutines in the event loop.

    A connection has half of the threads at most, until its policies have really ended: the other
    half is for everybody else, and for their handshakes.
    """

    def __init__(self, threads: DatabaseThreads) -> None:
        self._threads = threads
        self._turns = Turns(max(1, threads.size // 2))
        self._running = 0
        self._quiet = Quiet()

    async def allows(
        self, policy: Callable[[], Any], deadline_s: float, connection: object
    ) -> bool:
        """What the policy answers.

        deadline_s: on the event loop's clock. Raises PolicyFailed.
        """
        limit_s = deadline_s - asyncio.get_running_loop().time()
        if limit_s <= 0 or self._running >= POLICIES_AT_ONCE:
            raise PolicyFailed("too busy to ask")
        self._running += 1
        try:
            if iscoroutinefunction(policy):
                async with asyncio.timeout(limit_s):
                    return bool(await policy())
            return await self._in_thread(policy, deadline_s, connection)
        except DatabaseThreadsBusy as error:
            raise PolicyFailed(str(error)) from error
        except Exception as error:
            count("ws_service_policy_failures_total")
            now_s = asyncio.get_running_loop().time()
            if self._quiet.may_say((_name_of(policy), type(error)), now_s):
                _log(policy, error)
            raise PolicyFailed(str(error)) from error
        finally:
            self._running -= 1

    async def _in_thread(
        self, policy: Callable[[], Any], deadline_s: float, connection: object
    ) -> bool:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout_at(deadline_s):
            await self._turns.take(connection)
        has_begun = False

        def work() -> bool:
            nonlocal has_begun
            has_begun = True
            try:
                return _answer_of(policy)
            finally:
                loop.call_soon_threadsafe(self._turns.give_back, connection)

        try:
            return await self._threads.run(max(0.0, deadline_s - loop.time()), work)
        finally:
            if not has_begun:
                self._turns.give_back(connection)


def _answer_of(policy: Callable[[], Any]) -> bool:
    answer = policy()
    if isawaitable(answer):
        # Its truth would be a coroutine's, which is always true.
        if hasattr(answer, "close"):
            answer.close()
        raise TypeError("a policy that awaits must be an async def")
    return bool(answer)  # here, because a queryset asks the database now


def _log(policy: Callable[[], Any], error: Exception) -> None:
    name = _name_of(policy)
    topic = getattr(getattr(policy, "__self__", None), "name", "?")
    if isinstance(error, TimeoutError):
        logger.error("%s gave no answer in %g s for %r", name, TIME_LIMIT_S, topic)
    elif is_outage(error):
        logger.error("%s failed for %r: %s (%s)", name, topic, in_words(error), error)
    else:
        logger.error("%s failed for %r; clients try again", name, topic, exc_info=error)


def _name_of(policy: Callable[[], Any]) -> str:
    return getattr(policy, "__qualname__", repr(policy))
