"""Which processes are alive: the scripts' arguments and answers.

An *incarnation* is a process for as long as its lease is kept without a break. Its entries count
while the lease runs; what is left of it afterwards is reaped. A process whose lease ended, or whose
Redis came back as another one, goes on as a new incarnation.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ws_service.broker.keys import Keys
from ws_service.broker.presence import lifetime_ms
from ws_service.broker.scripts import Call, script

DEAD_AT_ONCE: Final = 16
TOPICS_AT_ONCE: Final = 32
CLAIM_MS: Final = 5_000
"""So long nobody else reaps what one has begun to reap, unless it goes on."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """The answer to a renewal.

    is_held: False when the lease had ended before; then it was not renewed.
    identity: of the server and its data; another one may have lost what was written.
    now_ms: Redis's time.
    next_end_ms: until the first of all leases ends; None when there is none.
    dead: how many incarnations wait to be reaped.
    """

    is_held: bool
    identity: str
    now_ms: int
    next_end_ms: int | None
    dead: int


@dataclass(frozen=True, slots=True)
class Contact:
    """An unbroken series of renewals that the same server has answered.

    Only who has been in contact for a whole lease can know that others could have been heard as
    well, and only while that is fresh. So it may end others' leases between two moments, which are
    given by Redis's time: it makes no difference for how long the command is on its way.

    since_ms: the first renewal. judges_until_ms: half a lease after the last one.
    """

    identity: str
    since_ms: int
    judges_from_ms: int
    judges_until_ms: int

    @classmethod
    def after(cls, renewed: Renewed, before: "Contact | None", lease_ms: int) -> "Contact":
        """before: the contact at the renewal before this one, None if one has failed since."""
        goes_on = (
            before is not None
            and before.identity == renewed.identity
            and renewed.now_ms <= before.judges_until_ms
        )
        since_ms = before.since_ms if before is not None and goes_on else renewed.now_ms
        until_ms = renewed.now_ms + lease_ms // 2
        return cls(renewed.identity, since_ms, since_ms + lease_ms, until_ms)


@dataclass(frozen=True, slots=True)
class Swept:
    """The dead that the caller is to reap. next_end_ms: as in ``Renewed``."""

    next_end_ms: int | None
    dead: Sequence[str]


def renew_call(
    keys: Keys, partition: int, incarnation: str, lease_ms: int, node: bytes, *, is_new: bool
) -> Call:
    """node: what this process says of itself, JSON; empty for an incarnation about to end."""
    names = (
        keys.leases(partition),
        keys.nodes(partition),
        keys.data_name(partition),
        keys.dead(partition),
    )
    name = secrets.token_hex(8)
    new = "new" if is_new else ""
    return Call(
        script("lease_renew"), names, (incarnation, lease_ms, node, lifetime_ms(), name, new)
    )


def renew_answer(answer: Any) -> Renewed:
    is_held, identity, now_ms, next_end_ms, dead = answer
    return Renewed(bool(is_held), identity.decode(), now_ms, next_end_ms, dead)


def end_call(keys: Keys, partition: int, incarnation: str) -> Call:
    """End an incarnation now."""
    names = (
        keys.leases(partition),
        keys.nodes(partition),
        keys.dead(partition),
        keys.held(partition, incarnation),
    )
    return Call(script("lease_end"), names, (incarnation, lifetime_ms()))


def sweep_call(keys: Keys, partition: int, contact: Contact | None) -> Call:
    """End what has no lease any more, and take some of the dead.

    contact: of the caller, None to end no lease.
    """
    names = (
        keys.leases(partition),
        keys.nodes(partition),
        keys.dead(partition),
        keys.data_name(partition),
    )
    may = ("", 0, 0)
    if contact is not None:
        may = (contact.identity, contact.judges_from_ms, contact.judges_until_ms)
    return Call(script("lease_sweep"), names, (DEAD_AT_ONCE, CLAIM_MS, lifetime_ms(), *may))


def sweep_answer(answer: Any) -> Swept:
    next_end_ms, dead = answer
    return Swept(next_end_ms, _texts(dead))


def bury_call(keys: Keys, partition: int, incarnation: str) -> Call:
    """Ask in which topics a dead incarnation still has clients; forget it, if there are none."""
    names = (keys.dead(partition), keys.held(partition, incarnation))
    return Call(script("lease_bury"), names, (incarnation, TOPICS_AT_ONCE, CLAIM_MS))


def bury_answer(answer: Any) -> list[str]:
    """Names of topics; none when the incarnation is forgotten."""
    return _texts(answer)


def nodes_call(keys: Keys, partition: int = 0) -> Call:
    """Ask what the processes that are alive say of themselves."""
    return Call(script("lease_nodes"), (keys.leases(partition), keys.nodes(partition)), ())


def nodes_answer(answer: Any) -> list[bytes]:
    """The JSON of each process."""
    return list(answer)


def _texts(names: Sequence[bytes]) -> list[str]:
    return [name.decode() for name in names]
