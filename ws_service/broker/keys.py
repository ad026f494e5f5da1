"""The names of everything in Redis.

``<prefix>:<version>:<database>:{ws<partition>}:<kind>:<topic>``

The database number is part of the name because Redis pub/sub ignores it. The braces are a hash
tag: all keys of a partition live on one node of a Redis Cluster, so that a script may use them
together. There is one partition by default.
"""

from binascii import crc_hqx
from dataclasses import dataclass
from typing import Final

VERSION: Final = "v1"


@dataclass(frozen=True, slots=True)
class Keys:
    """Makes the names of one deployment.

    prefix: ``WS_SERVICE["PREFIX"]``.
    database: the number of the Redis database.
    partitions: over how many hash tags topics are spread.
    """

    prefix: str
    database: int = 0
    partitions: int = 1

    def partition_of(self, topic: str) -> int:
        return crc_hqx(topic.encode(), 0) % self.partitions

    def metadata(self, topic: str) -> str:
        """A hash: epoch, offset, the server's identity, earlier epochs."""
        return self.metadata_prefix(self.partition_of(topic)) + topic

    def metadata_prefix(self, partition: int) -> str:
        """What the metadata keys of a partition begin with; the topic follows."""
        return f"{self._tag(partition)}:meta:"

    def stream(self, topic: str) -> str:
        """A Redis stream whose entry ids are ``<offset>-0``."""
        return f"{self._tag(self.partition_of(topic))}:stream:{topic}"

    def doorbell(self, topic: str) -> str:
        """The pub/sub channel of a topic."""
        return f"{self._tag(self.partition_of(topic))}:bell:{topic}"

    def idempotency(self, topic: str, key: str) -> str:
        """What a publication with this idempotency key was answered.

        The newline can't be part of a topic's name: no other topic and key make the same.
        """
        return f"{self._tag(self.partition_of(topic))}:once:{topic}\n{key}"

    def changes(self, partition: int) -> str:
        """A sorted set: topics by the number of their last change; the first member names it."""
        return f"{self._tag(partition)}:changes"

    def change_number(self, partition: int) -> str:
        """A counter: the number of the last change."""
        return f"{self._tag(partition)}:change"

    def presence(self, topic: str) -> str:
        """A hash: of each client of a topic, its process's incarnation and its information."""
        return f"{self._tag(self.partition_of(topic))}:presence:{topic}"

    def leases(self, partition: int) -> str:
        """A sorted set: incarnations of processes by the end of their lease."""
        return f"{self._tag(partition)}:leases"

    def nodes(self, partition: int) -> str:
        """A hash: what each incarnation says of itself."""
        return f"{self._tag(partition)}:nodes"

    def held(self, partition: int, incarnation: str) -> str:
        """A hash: topics in which an incarnation has clients, and how many."""
        return f"{self._tag(partition)}:held:{incarnation}"

    def dead(self, partition: int) -> str:
        """A sorted set: incarnations whose clients are being removed."""
        return f"{self._tag(partition)}:dead"

    def data_name(self, partition: int) -> str:
        """A random name: another one means that the data were lost."""
        return f"{self._tag(partition)}:data"

    def topic_table(self) -> str:
        """The service's topics, for publishers without its code."""
        return f"{self._tag(0)}:topics"

    def topic_of(self, doorbell: str) -> str:
        """The topic of a pub/sub channel that ``doorbell()`` has named."""
        return doorbell.split(":bell:", 1)[1]

    def _tag(self, partition: int) -> str:
        return f"{self.prefix}:{VERSION}:{self.database}:{{ws{partition}}}"
