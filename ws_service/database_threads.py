"""Threads for synchronous work on the site's database, apart from asgiref's single one.

``sync_to_async`` runs everything of a process in one thread, so one slow query delays every
connection. Here a few threads share the work, each with database connections of its own.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

from django.db import close_old_connections

from ws_service.errors import DatabaseThreadsBusy

P = ParamSpec("P")
R = TypeVar("R")

# Work that waits for a thread. Past this the database can't keep up: refusing early is kinder
# than answering after the caller has given up.
WAITING_LIMIT: Final = 1_000


class DatabaseThreads:
    """A bounded pool. Every call has a time limit, which includes the wait for a thread."""

    def __init__(self, size: int) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="ws-service-database")
        self.size = size
        self._unfinished = 0
        self._counting = threading.Lock()

    async def run(
        self, time_limit_s: float, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Call ``function`` in a thread, with Django's connection clean-up around it.

        Raises TimeoutError when the time limit passes (a thread that runs already goes on and
        its result is dropped), DatabaseThreadsBusy when too much waits, and whatever
        ``function`` raises.
        """
        if self._unfinished >= self.size + WAITING_LIMIT:
            raise DatabaseThreadsBusy(self._unfinished - self.size)
        context = contextvars.copy_context()

        def work() -> R:
            close_old_connections()
            try:
                return context.run(function, *args, **kwargs)
            finally:
                close_old_connections()

        with self._counting:
            self._unfinished += 1
        job = self._pool.submit(work)
        job.add_done_callback(self._finished)
        async with asyncio.timeout(time_limit_s):
            return await asyncio.wrap_future(job)

    def _finished(self, job: Future[Any]) -> None:
        with self._counting:  # a job ends in its thread, or in the loop's when it is cancelled
            self._unfinished -= 1
