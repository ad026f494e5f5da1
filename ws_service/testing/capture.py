"""What a test's code publishes, caught before it reaches Redis."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections
from django.utils.asyncio import async_unsafe

from ws_service.broker.position import Position
from ws_service.protocol.extra import decode_extra
from ws_service.publishing.broker import use_publisher
from ws_service.publishing.commit import is_publication
from ws_service.publishing.outgoing import Outgoing
from ws_service.testing.hub import hub
from ws_service.testing.memory import MemoryPublisher
from ws_service.topics.names import RESERVED_PREFIX


@dataclass(frozen=True, slots=True)
class Captured:
    """One publication, as its subscribers get it.

    data: decoded from the JSON that was published: a date is text.
    idempotency_key: the caller's own, None without one.
    """

    topic: str
    data: Any
    tags: Mapping[str, str] = field(default_factory=dict)
    idempotency_key: str | None = None


class Capture:
    """What ``capture_publications()`` returns: for ``with``, or ``async with``."""

    def __init__(self) -> None:
        self._captured: list[Captured] = []
        self._publisher = MemoryPublisher(self._take)
        self._waiting_before: list[object] = []
        self._meanwhile = ExitStack()

    @async_unsafe("In an asynchronous test, write: async with capture_publications()")
    def __enter__(self) -> list[Captured]:
        return self._begin()

    def __exit__(self, *exception: object) -> None:
        self._end()

    async def __aenter__(self) -> list[Captured]:
        # In the thread that has the test's database connection.
        return await sync_to_async(self._begin, thread_sensitive=True)()

    async def __aexit__(self, *exception: object) -> None:
        await sync_to_async(self._end, thread_sensitive=True)()

    def _begin(self) -> list[Captured]:
        for connection in connections.all(initialized_only=True):
            self._waiting_before += [each[1] for each in connection.run_on_commit]
        self._meanwhile.enter_context(use_publisher(self._publisher))
        return self._captured

    def _end(self) -> None:
        with self._meanwhile:
            for connection in connections.all(initialized_only=True):
                waiting = connection.run_on_commit
                # Nobody else may publish them: not an outer capture, not Django's.
                connection.run_on_commit = [each for each in waiting if not self._is_own(each)]
                for each in filter(self._is_own, waiting):
                    publish_now = each[1]
                    publish_now()

    def _is_own(self, waiting: tuple[Any, ...]) -> bool:
        # By the callbacks: a rollback makes new tuples of what stays.
        is_older = any(waiting[1] is each for each in self._waiting_before)
        return is_publication(waiting[1]) and not is_older

    def _take(self, publication: Outgoing, position: Position) -> None:
        if publication.topic.startswith(RESERVED_PREFIX):
            return
        hub.deliver(publication, position)
        self._captured.append(
            Captured(
                publication.topic,
                json.loads(publication.payload),
                decode_extra(publication.extra).tags,
                publication.idempotency_key,
            )
        )


def capture_publications() -> Capture:
    """Catch what is published in a block of a test; nothing reaches Redis, which needn't be there.

    Gives a list of ``Captured``. What waits for a commit is in it when the block ends, as if the
    test's transaction were committed there; what a rolled-back savepoint took along is not. With
    ``on_commit=False``, or where no transaction is open, it is in the list at once. Names, data
    and keys are checked as ever. Positions are counted, and a repeated idempotency key publishes
    nothing, as with Redis.

    It catches what all threads publish; of uncommitted transactions those of the test's own
    thread. What an inner block has caught is not in the outer one. In an ``async def`` test:
    ``async with``.
    """
    return Capture()
