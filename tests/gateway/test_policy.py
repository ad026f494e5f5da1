"""Asking the site's functions: a share for each of them, and nothing left of who has gone."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from tests.waiting import until
from ws_service import UserTopic, database_threads
from ws_service.database_threads import DatabaseThreads
from ws_service.gateway.policy import ASKED_AT_ONCE, Policies, PolicyFailed

pytestmark = pytest.mark.django_db  # the clean-up of old connections asks for settings

THREADS = 4


class Site:
    """Functions of a site: plain ones, which take a thread."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self._hangs: list[None] = []
        self._answers: list[None] = []

    @property
    def hanging(self) -> int:
        """How many threads its functions have."""
        return len(self._hangs)

    @property
    def answered(self) -> int:
        return len(self._answers)

    def hang(self) -> bool:
        self._hangs.append(None)
        return self.gate.wait(10)

    def hang_too(self) -> bool:
        return self.hang()

    def another(self) -> bool:
        self._answers.append(None)
        return True

    async def think(self) -> bool:
        while not self.gate.is_set():  # noqa: ASYNC110 - an asyncio.Event is no use to threads
            await asyncio.sleep(0.01)
        return True


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.gate.set()


@pytest.fixture
def policies() -> Policies:
    return Policies(DatabaseThreads(THREADS))


Ask = Callable[..., "asyncio.Task[Any]"]


@pytest.fixture
async def ask(policies: Policies) -> AsyncIterator[Ask]:
    """``ask(function)``: what it answers; each time for another client, unless one is given."""
    tasks: list[asyncio.Task[Any]] = []
    loop = asyncio.get_running_loop()

    def ask(function: Callable[[], Any], owner: object = None) -> asyncio.Task[Any]:
        question = policies.ask(function, loop.time() + 4, owner or object(), bool)
        tasks.append(loop.create_task(question))
        return tasks[-1]

    yield ask
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_function_that_hangs_leaves_threads_to_all_others(ask: Ask, site: Site) -> None:
    """However many clients ask for it: one topic's slow query must not close the whole site."""
    hanging = [ask(site.hang) for _ in range(5 * THREADS)]
    await until(lambda: site.hanging == THREADS // 2)
    assert [await asyncio.wait_for(ask(site.another), 2) for _ in range(THREADS)] == [True] * 4
    assert site.hanging == THREADS // 2
    site.gate.set()
    assert all(await asyncio.gather(*hanging))


async def test_a_function_is_the_same_for_all_topics_of_its_class(ask: Ask) -> None:
    """Each subscriber has a topic object of its own, and so a method of its own."""
    sites = [Site() for _ in range(5 * THREADS)]
    other = Site()
    for each in sites:
        ask(each.hang)
    await until(lambda: sum(each.hanging for each in sites) == THREADS // 2)
    assert await asyncio.wait_for(ask(other.another), 2)
    for each in sites:
        each.gate.set()


async def test_coroutines_that_hang_refuse_only_their_own_kind(ask: Ask, site: Site) -> None:
    """The bound on questions holds for each function by itself."""
    for _ in range(ASKED_AT_ONCE):
        ask(site.think)
    await asyncio.sleep(0)
    with pytest.raises(PolicyFailed):
        await ask(site.think)
    assert await ask(site.another)


async def test_the_users_own_topic_takes_no_thread(ask: Ask, site: Site) -> None:
    """Everybody has it at connect: with all threads busy, nobody would get in."""
    for hang in (site.hang, site.hang_too):
        for _ in range(THREADS // 2):
            ask(hang)
    await until(lambda: site.hanging == THREADS)
    user = SimpleNamespace(pk=7, is_authenticated=True)
    assert await asyncio.wait_for(ask(partial(UserTopic.at_connect, user)), 2)


async def test_who_leaves_before_the_function_begins_takes_its_question_along(
    policies: Policies, ask: Ask, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database in trouble makes that moment long; the share was given back twice then."""
    begun, gate = threading.Semaphore(0), threading.Event()

    def close_slowly() -> None:
        begun.release()
        gate.wait(10)

    monkeypatch.setattr(database_threads, "close_old_connections", close_slowly)
    question = ask(site.another, "somebody")
    await until(lambda: begun.acquire(blocking=False))
    question.cancel()
    await asyncio.gather(question, return_exceptions=True)
    gate.set()
    await until(lambda: begun.acquire(blocking=False))  # the thread is at its end
    await until(lambda: not policies._turns_of_owners._taken)
    assert not policies._turns_of_functions._taken
    assert not policies._running
    assert site.answered == 0
