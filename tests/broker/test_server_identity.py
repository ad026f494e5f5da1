"""A topic begins a new epoch whenever its server may have lost writes and nobody can know."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis

from devkit.redis_server import RedisServer
from tests.faults import redis_restart
from tests.live import wait_until
from ws_service.broker.connection import BlockingBroker
from ws_service.broker.keys import Keys
from ws_service.broker.position import Lineage, Position
from ws_service.broker.scripts import publish_answer, publish_call, read_answer, read_call

NO_ID = "0" * 40


class Primary:
    """A server that begins as a primary, and a topic in it."""

    def __init__(self, server: RedisServer) -> None:
        self.server = server
        self.client: Any = redis.Redis(port=server.port, decode_responses=True)
        self.client.config_set("repl-diskless-sync-delay", 0)
        self._keys = Keys(f"test-{uuid4().hex[:8]}")
        self._broker = BlockingBroker(server.url, 2)

    def close(self) -> None:
        self._broker.close()
        self.client.close()

    def publish(self) -> Position:
        call = publish_call(
            self._keys,
            "t",
            b"1",
            history_size=10,
            history_lifetime=timedelta(minutes=10),
            idempotency_key=None,
        )
        return publish_answer(self._broker.run(call))

    def lineage(self) -> Lineage:
        return read_answer(self._broker.run(read_call(self._keys, "t", 0, 0))).lineage

    def info(self, field: str) -> str:
        """As the scripts read it; redis-py makes a number of an id of zeros."""
        text = self.client.eval("return redis.call('INFO', 'server', 'replication')", 0)
        return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)[field]

    def follow(self, other: "Primary") -> None:
        self.client.replicaof("127.0.0.1", str(other.server.port))
        wait_until(lambda: self.info("master_link_status") == "up")

    def lead(self) -> None:
        self.client.replicaof("NO", "ONE")

    def lose_its_backlog(self) -> None:
        self.client.config_set("repl-backlog-ttl", 1)
        wait_until(lambda: self.info("repl_backlog_active") == "0")


@pytest.fixture
def primary(own_redis: RedisServer) -> Iterator[Primary]:
    primary = Primary(own_redis)
    yield primary
    primary.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Primary]:
    with RedisServer() as server:
        other = Primary(server.start(tmp_path / "other"))
        yield other
        other.close()


def lose_writes_and_fail_back(primary: Primary, other: Primary) -> Position:
    """Publish what only the primary has, and let it be one again with the other's data.

    Returns the position of what was lost.
    """
    primary.publish()
    other.follow(primary)
    primary.publish()
    wait_until(lambda: other.info("master_repl_offset") == primary.info("master_repl_offset"))
    other.lead()
    primary.publish()
    lost = primary.publish()
    primary.follow(other)
    primary.lead()
    assert primary.lineage().top.offset == lost.offset - 2
    return lost


@pytest.mark.promise("redis-restart")
def test_a_restart_begins_a_new_epoch(primary: Primary) -> None:
    """What was written since the last snapshot would be gone, and the offsets used again."""
    lost = primary.publish()
    redis_restart.stale(primary.server, lambda: [primary.publish() for _ in range(2)])
    top = primary.publish()
    assert (top.offset, top.epoch != lost.epoch) == (lost.offset + 1, True)
    assert not primary.lineage().covers(Position(lost.offset + 2, lost.epoch))


@pytest.mark.promise("redis-restart")
def test_a_fail_back_that_lost_writes_begins_a_new_epoch(primary: Primary, other: Primary) -> None:
    """It is the same process with the same run id, and other data."""
    run_id = primary.info("run_id")
    lost = lose_writes_and_fail_back(primary, other)
    assert primary.info("run_id") == run_id
    assert primary.publish().epoch != lost.epoch
    assert not primary.lineage().covers(lost)


@pytest.mark.promise("redis-restart")
def test_so_does_one_of_which_no_trace_is_left_in_info(primary: Primary, other: Primary) -> None:
    """A backlog that ends takes the earlier id with it: then it looks as if a first replica came.

    So no rule can let the first replica of a server be, and still tell of every loss.
    """
    lost = lose_writes_and_fail_back(primary, other)
    primary.lose_its_backlog()
    other.follow(primary)
    assert primary.info("master_replid2") == NO_ID
    assert primary.info("second_repl_offset") == "-1"
    assert primary.publish().epoch != lost.epoch
    assert not primary.lineage().covers(lost)


def test_a_first_replica_begins_a_new_epoch_in_which_nothing_is_lost(
    primary: Primary, other: Primary
) -> None:
    """Whoever had seen everything goes on from there."""
    before = primary.publish()
    other.follow(primary)
    top = primary.publish()
    assert top.epoch != before.epoch
    assert top.offset == before.offset + 1
    assert primary.lineage().covers(before)


def test_a_backlog_that_never_ends_keeps_the_epoch(primary: Primary, other: Primary) -> None:
    """``repl-backlog-ttl 0``: then only the first replica of all costs anything."""
    primary.client.config_set("repl-backlog-ttl", 0)
    other.follow(primary)
    before = primary.publish()
    other.lead()
    wait_until(lambda: primary.info("connected_slaves") == "0")
    other.follow(primary)
    assert primary.publish() == Position(before.offset + 1, before.epoch)
