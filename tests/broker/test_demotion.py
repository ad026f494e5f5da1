"""A fail-over behind one address: the old master stays up, and says that it is none any more."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from redis.exceptions import (
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)

from tests.faults.fail_over import Pair, pair
from tests.waiting import until
from ws_service.broker.connection import AsyncBroker, BlockingBroker
from ws_service.broker.demotion import demotion_code
from ws_service.broker.keys import Keys
from ws_service.broker.leases import renew_call
from ws_service.broker.scripts import Call, publish_answer, publish_call
from ws_service.errors import BrokerUnavailable

KEYS = Keys(f"test-{uuid4().hex[:8]}")


def call_for(number: int, topic: str = "t") -> Call:
    return publish_call(
        KEYS,
        topic,
        b"%d" % number,
        history_size=9,
        history_lifetime=timedelta(minutes=1),
        idempotency_key=None,
    )


def published(client: redis.Redis, topic: str = "t") -> list[bytes]:
    entries = client.xrange(KEYS.stream(topic))
    return [fields[b"d"] for _, fields in entries]  # type: ignore[union-attr]


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Pair]:
    with pair(tmp_path) as servers:
        yield servers


@pytest.fixture
def blocking(servers: Pair) -> Iterator[BlockingBroker]:
    broker = BlockingBroker(servers.url, 2)
    yield broker
    broker.close()


@pytest.fixture
async def moves() -> list[str]:
    """How often the asynchronous broker has said that it moved."""
    return []


@pytest.fixture
async def asynchronous(servers: Pair, moves: list[str]) -> AsyncIterator[AsyncBroker]:
    broker = AsyncBroker(servers.url, on_moved=lambda: moves.append("moved"))
    yield broker
    await broker.close()


@pytest.mark.promise("fail-over")
def test_publishing_follows_the_address(servers: Pair, blocking: BlockingBroker) -> None:
    """One publication and many: connections to the old master are well, and refuse for ever."""
    blocking.run(call_for(1))
    servers.demote()
    servers.move()
    assert publish_answer(blocking.run(call_for(2))).offset == 2
    servers.part()
    assert published(servers.new) == [b"1", b"2"]


@pytest.mark.promise("fail-over")
def test_a_pipeline_follows_the_address(servers: Pair, blocking: BlockingBroker) -> None:
    """Each of its answers says the same; nothing is left out and nothing done twice."""
    calls = [call_for(n, f"t{n}") for n in range(20)]
    blocking.run_many(calls[:10])
    servers.demote()
    servers.move()
    blocking.run_many(calls)
    assert [published(servers.new, f"t{n}") for n in range(20)] == [[b"%d" % n] for n in range(20)]


def test_what_no_server_takes_is_refused_by_name(servers: Pair, blocking: BlockingBroker) -> None:
    """The address still leads to the old one: whoever reads the log wants to know."""
    blocking.run(call_for(1))
    servers.demote()
    with pytest.raises(BrokerUnavailable, match="READONLY"):
        blocking.run(call_for(2))
    with pytest.raises(BrokerUnavailable, match="READONLY"):
        blocking.run_many([call_for(2), call_for(3, "other")])
    servers.move()
    blocking.run(call_for(4))


@pytest.mark.promise("fail-over")
async def test_the_service_follows_the_address_on_all_its_connections(
    servers: Pair, asynchronous: AsyncBroker, moves: list[str]
) -> None:
    """And tells once that it has moved, for what else is connected there."""
    await asynchronous.run(call_for(1))
    servers.demote()
    servers.move()
    await asynchronous.run(call_for(2))
    await asynchronous.run_many([call_for(3), call_for(4, "other")])
    assert moves == ["moved"]
    servers.part()
    assert await asynchronous.hash_fields([KEYS.metadata("t")], "offset") == [[b"3"]]


@pytest.mark.promise("fail-over")
async def test_a_renewal_of_the_lease_shows_that_it_has_moved(
    servers: Pair, asynchronous: AsyncBroker, moves: list[str]
) -> None:
    """What was refused may never be asked for again, and doorbells would be missed for ever."""
    await asynchronous.run(call_for(1))
    servers.demote()
    with pytest.raises(BrokerUnavailable, match="READONLY"):
        await asynchronous.run(call_for(2))
    servers.move()
    await asynchronous.run(renew_call(KEYS, 0, "incarnation", 1_000, b"{}", is_new=True))
    assert moves == ["moved"]


async def test_no_connection_to_the_old_master_stays(
    servers: Pair, asynchronous: AsyncBroker, blocking: BlockingBroker
) -> None:
    """Neither the idle ones nor those that are in use in that moment: each would refuse later."""

    def left() -> int:
        found: Any = servers.old.client_list(_type="normal")
        return len(found) - 1  # the test's own

    def together() -> list[Any]:
        with ThreadPoolExecutor(6) as threads:
            calls = [call_for(n, f"b{n}") for n in range(60)]
            return list(threads.map(blocking.run, calls))

    await asyncio.gather(*(asynchronous.run(call_for(n, f"a{n}")) for n in range(60)))
    await asyncio.to_thread(together)
    assert left() > 2
    servers.demote()
    servers.move()
    await asyncio.gather(*(asynchronous.run(call_for(n, f"a{n}")) for n in range(60)))
    await asyncio.to_thread(together)
    await until(lambda: left() == 0, lambda: f"{left()} connections")


async def test_a_service_that_can_not_move_yet_says_it_once(
    servers: Pair,
    asynchronous: AsyncBroker,
    moves: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And is told nothing by what the old server still answers: it can be read."""
    caplog.set_level(logging.INFO)
    await asynchronous.run(call_for(1))
    servers.demote()
    for _ in range(5):
        with pytest.raises(BrokerUnavailable, match="READONLY"):
            await asynchronous.run(call_for(2))
        with pytest.raises(BrokerUnavailable, match="READONLY"):
            await asynchronous.run_many([call_for(2), call_for(3, "other")])
        assert await asynchronous.hash_fields([KEYS.metadata("t")], "offset") == [[b"1"]]
    assert moves == []
    servers.move()
    await asynchronous.run(call_for(4))
    assert moves == ["moved"]
    said = [each.getMessage() for each in caplog.records if each.name.startswith("ws_service")]
    assert len(said) == 2
    assert "READONLY" in said[0]
    assert "again" in said[1]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ReadOnlyError("You can't write"), "READONLY"),
        (BusyLoadingError("Redis is loading"), "LOADING"),
        (MasterDownError("Link with MASTER is down"), "MASTERDOWN"),
        (ClusterDownError("The cluster is down"), "CLUSTERDOWN"),
        (ResponseError("NOREPLICAS Not enough good replicas to write."), "NOREPLICAS"),
        (ResponseError("UNBLOCKED force unblock from blocking operation"), "UNBLOCKED"),
        (TryAgainError("Multiple keys request during rehashing of slot"), None),
        (OutOfMemoryError("command not allowed when used memory"), None),
        (ResponseError("MISCONF Redis is configured to save RDB snapshots"), None),
        (ResponseError("BUSY Redis is busy running a script"), None),
        (TimeoutError("READONLY"), None),
    ],
)
def test_which_answers_are_those_of_the_wrong_server(error: Exception, code: str | None) -> None:
    """The right one refuses, too: leaving it would help nobody."""
    assert demotion_code(error) == code
