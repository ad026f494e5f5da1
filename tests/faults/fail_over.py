"""Two Redis servers behind one address: the first is the master until it is not."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from devkit.redis_server import RedisServer
from tests.faults.link import Link

_SYNC_LIMIT_S = 20.0


@dataclass(frozen=True)
class Pair:
    """address: of whichever is the master, for new connections; those that are there stay.

    old, new: clients of the test's own.
    """

    address: Link
    old: redis.Redis
    new: redis.Redis

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.address.port}/0"

    def demote(self) -> None:
        """The replica becomes the master, and the old master its replica; both stay up."""
        _in_step(self.new)
        self.new.replicaof("NO", "ONE")
        self.old.replicaof("127.0.0.1", _port(self.new))
        _in_step(self.old)

    def move(self) -> None:
        """New connections to the address come to the new master."""
        self.address.lead_to(_port(self.new))

    def part(self) -> None:
        """The old master hears nothing from the new one any more."""
        self.old.replicaof("127.0.0.1", 1)  # nobody listens there


@contextmanager
def pair(folder: Path) -> Iterator[Pair]:
    """Two servers, the second a replica of the first, which has the address."""
    with ExitStack() as stack:
        servers = [stack.enter_context(RedisServer().start(folder / name)) for name in "ab"]
        old, new = [stack.enter_context(redis.Redis(port=each.port)) for each in servers]
        new.replicaof("127.0.0.1", servers[0].port)
        _in_step(new)
        address = stack.enter_context(Link(servers[0].port))
        yield Pair(address, old, new)


def _port(client: redis.Redis) -> int:
    return int(client.connection_pool.connection_kwargs["port"])


def _in_step(replica: redis.Redis) -> None:
    """Wait until a replica has all that its master has."""
    deadline = time.monotonic() + _SYNC_LIMIT_S
    while True:
        found: Any = replica.info("replication")
        if found["role"] == "slave" and found["master_link_status"] == "up":
            with redis.Redis(port=found["master_port"]) as master:
                ahead: Any = master.info("replication")
            if found["slave_repl_offset"] >= ahead["master_repl_offset"]:
                return
        assert time.monotonic() < deadline, f"the replica is not in step: {found}"
        time.sleep(0.02)
