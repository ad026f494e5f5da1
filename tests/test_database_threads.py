import asyncio
import contextvars
import threading

import pytest

from ws_service.database_threads import WAITING_LIMIT, DatabaseThreads
from ws_service.errors import DatabaseThreadsBusy

pytestmark = pytest.mark.django_db  # the clean-up of old connections asks for settings


@pytest.mark.promise("database-threads")
async def test_slow_work_does_not_hold_up_other_work() -> None:
    """asgiref's single thread would: one slow query, everybody waits."""
    threads = DatabaseThreads(2)
    gate = threading.Event()
    slow = asyncio.create_task(threads.run(10, gate.wait, 10))
    assert await threads.run(10, lambda: "quick") == "quick"
    assert not slow.done()
    gate.set()
    assert await slow is True


async def test_the_time_limit_includes_the_wait_for_a_thread() -> None:
    """A caller that has given up must not find its work done later."""
    threads = DatabaseThreads(1)
    gate = threading.Event()
    done: list[str] = []
    slow = asyncio.create_task(threads.run(10, gate.wait, 10))
    await asyncio.sleep(0)  # one turn of the loop: the slow work has the thread
    with pytest.raises(TimeoutError):
        await threads.run(0.01, done.append, "late")
    gate.set()
    await slow
    assert await threads.run(10, lambda: list(done)) == []


@pytest.mark.promise("database-threads")
async def test_too_much_waiting_work_is_refused_at_once() -> None:
    """A database that can't keep up must not cost memory without end."""
    threads = DatabaseThreads(1)
    gate = threading.Event()
    jobs = [asyncio.create_task(threads.run(10, gate.wait, 10)) for _ in range(WAITING_LIMIT + 1)]
    await asyncio.sleep(0)
    with pytest.raises(DatabaseThreadsBusy) as refused:
        await threads.run(10, lambda: None)
    assert refused.value.waiting == WAITING_LIMIT
    gate.set()
    await asyncio.gather(*jobs)
    assert await threads.run(10, lambda: "again") == "again"


async def test_the_callers_context_goes_along() -> None:
    """Request ids, languages and time zones live in context variables."""
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name")
    name.set("ada")
    assert await DatabaseThreads(1).run(10, name.get) == "ada"


async def test_an_exception_comes_back() -> None:
    """As if it had been called directly."""
    with pytest.raises(LookupError, match="nobody"):
        await DatabaseThreads(1).run(10, _raise)


def _raise() -> None:
    raise LookupError("nobody")
