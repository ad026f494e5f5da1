"""Who is subscribed to a topic: the scripts' arguments and answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from ws_service.broker.keys import Keys
from ws_service.broker.scripts import Call, script

LIFETIME: Final = timedelta(days=1)
"""Of the keys, when nobody writes: each process writes again what it holds, several times a day."""

LOOKED_AT_ONCE: Final = 500
"""Entries that one step of a script looks at, about a millisecond."""


class State(StrEnum):
    """What a process knows of a client in a topic."""

    PRESENT = "0"
    ANNOUNCED = "1"
    """Present, and others are told so."""
    GONE = "-"
    GONE_ANNOUNCED = "!"
    """Gone, and others had been told that it came."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A client in a topic. user: JSON on one line. info: ClientInfo, JSON on one line."""

    state: State
    client: str
    user: bytes
    info: bytes


def write_call(
    keys: Keys, incarnation: str, topic: str, entries: Sequence[Entry], *, was_lost: bool
) -> Call:
    """Make Redis agree with what this process knows of some clients; may be repeated.

    was_lost: what is missing in Redis has got lost there, it has not been removed.
    """
    partition = keys.partition_of(topic)
    flat = [part for e in entries for part in (e.state.value, e.client, e.user, e.info)]
    return Call(
        script("presence_write"),
        (
            keys.presence(topic),
            keys.held(partition, incarnation),
            keys.leases(partition),
            keys.doorbell(topic),
        ),
        (incarnation, topic, lifetime_ms(), "lost" if was_lost else "", *flat),
    )


def write_answer(answer: Any) -> bool:
    """False when nothing was done, because the incarnation has no lease."""
    return bool(answer)


def clients_call(keys: Keys, topic: str, cursor: int) -> Call:
    """Read some of a topic's clients. cursor: 0 at first, then as it was answered."""
    return _read_call(keys, topic, cursor, "info")


def users_call(keys: Keys, topic: str, cursor: int) -> Call:
    """As ``clients_call()``, with the user's id of each instead of the information."""
    return _read_call(keys, topic, cursor, "user")


def read_answer(answer: Any) -> tuple[int, Mapping[str, bytes]]:
    """The next cursor, 0 at the end; what was asked of each client, by the client's id."""
    cursor, flat = answer
    return int(cursor), {flat[i].decode(): flat[i + 1] for i in range(0, len(flat), 2)}


def reap_call(keys: Keys, incarnation: str, topic: str, cursor: int) -> Call:
    """Remove some of what a dead incarnation has left in a topic."""
    partition = keys.partition_of(topic)
    return Call(
        script("presence_reap"),
        (keys.presence(topic), keys.held(partition, incarnation), keys.doorbell(topic)),
        (incarnation, topic, cursor, LOOKED_AT_ONCE),
    )


def reap_answer(answer: Any) -> int:
    """The next cursor, 0 at the end."""
    return int(answer)


def lifetime_ms() -> int:
    return int(LIFETIME.total_seconds() * 1000)


def _read_call(keys: Keys, topic: str, cursor: int, what: str) -> Call:
    return Call(
        script("presence_read"),
        (keys.presence(topic), keys.leases(keys.partition_of(topic))),
        (cursor, LOOKED_AT_ONCE, what),
    )
