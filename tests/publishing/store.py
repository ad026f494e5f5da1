"""What is in Redis, seen by a client of the test's own."""

import json
from dataclasses import dataclass
from typing import Any

import redis

from ws_service.broker.keys import Keys


@dataclass(frozen=True, slots=True)
class Store:
    """One deployment's part of a Redis."""

    client: redis.Redis
    prefix: str

    @property
    def keys(self) -> Keys:
        return Keys(self.prefix)

    def payloads(self, topic: str) -> list[bytes]:
        """As they are stored, oldest first."""
        entries: Any = self.client.xrange(self.keys.stream(topic))
        return [fields[b"d"] for _, fields in entries]

    def data(self, topic: str) -> list[Any]:
        return [json.loads(payload) for payload in self.payloads(topic)]

    def offsets(self, topic: str) -> list[int]:
        entries: Any = self.client.xrange(self.keys.stream(topic))
        return [int(entry_id.split(b"-")[0]) for entry_id, _ in entries]

    def metadata(self, topic: str) -> dict[str, str]:
        raw: Any = self.client.hgetall(self.keys.metadata(topic))
        return {name.decode(): value.decode() for name, value in raw.items()}

    def earlier(self, topic: str) -> dict[str, int]:
        """The epochs that ended, newest first, each with its top."""
        pairs = (pair.split("=") for pair in self.metadata(topic)["earlier"].split(",") if pair)
        return {epoch: int(top) for epoch, top in pairs}

    def change_server(self, topic: str) -> None:
        """As if the publications so far had been made on another server."""
        self.client.hset(self.keys.metadata(topic), "server", "0" * 40)
