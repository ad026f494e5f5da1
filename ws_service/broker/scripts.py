"""The Lua scripts: their text, their arguments, their answers."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Any, Final

from ws_service.broker.doorbell import PAYLOAD_LIMIT_BYTES
from ws_service.broker.keys import Keys
from ws_service.broker.position import EPOCHS_REMEMBERED, Lineage, Position

METADATA_LIFETIME: Final = timedelta(days=30)
"""Longer than any client stays away: a position outlives the publications it counts."""

UNUSED_METADATA_LIFETIME: Final = timedelta(days=1)
"""Of a topic that never had a publication: clients may ask for any name that a pattern allows."""

GENERATED_KEY_LIFETIME: Final = timedelta(minutes=1)
"""Longer than a client library repeats one call."""

GIVEN_KEY_LIFETIME: Final = timedelta(minutes=5)
"""For repetitions by the caller: a task that is tried again."""

CHANGES_KEPT: Final = 64_512
"""Topics in the change index of a partition; a hub that is further behind checks all it holds.

A thousand fewer than the release before keeps, whose publishers would trim the index's name away.
"""

_INCLUDED: Final = re.compile(r"--<(\w+)\.lua>")
"""Where the text of one script stands within another's."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script's text and the digest by which Redis remembers it."""

    text: str
    digest: str


@cache
def script(name: str) -> Script:
    """By the name of its file: ``publish``, ``read``, ``changes`` …"""
    text = _INCLUDED.sub(lambda found: _text_of(found[1]), _text_of(name))
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


def _text_of(name: str) -> str:
    return files("ws_service.broker").joinpath("lua", f"{name}.lua").read_text()


@dataclass(frozen=True, slots=True)
class Call:
    """One script with its arguments: what a client sends."""

    script: Script
    keys: Sequence[str]
    arguments: Sequence[str | bytes | int]

    @property
    def parameters(self) -> Sequence[str | bytes | int]:
        """What follows the number of keys in EVAL and EVALSHA."""
        return (*self.keys, *self.arguments)


@dataclass(frozen=True, slots=True)
class Publication:
    """One entry of a stream.

    payload: JSON in UTF-8, on one line.
    extra: what stands beside it in the publication, ``"info":{…}``; empty for nothing.
    """

    offset: int
    payload: bytes
    extra: bytes = b""


@dataclass(frozen=True, slots=True)
class StreamPart:
    """What a read of a stream answered.

    publications: ascending, unless read in reverse.
    kept_for_s: how long the stream, as it was then, is kept at least; 0 where there is none.
    """

    lineage: Lineage
    publications: Sequence[Publication]
    kept_for_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """A topic that changed, and where it stood when it was asked for."""

    topic: str
    number: int
    position: Position


@dataclass(frozen=True, slots=True)
class Changes:
    """An answer of the change index.

    last: the number of the last change there was.
    forgotten: changes up to this number may be missing here.
    identity: of the Redis that answered, and of the index in it; another one means that changes
        may be missing.
    """

    last: int
    forgotten: int
    identity: str
    topics: Sequence[Change]


def publish_call(
    keys: Keys,
    topic: str,
    payload: bytes,
    *,
    history_size: int,
    history_lifetime: timedelta,
    idempotency_key: str | None,
    extra: bytes = b"",
) -> Call:
    """Append one publication and ring the doorbell; repeating the very same call is harmless.

    extra: a JSON fragment that stands beside the payload in the publication (``"info":{…}``).
    """
    lifetime = GIVEN_KEY_LIFETIME if idempotency_key else GENERATED_KEY_LIFETIME
    key = f"given:{idempotency_key}" if idempotency_key else secrets.token_urlsafe(12)
    partition = keys.partition_of(topic)
    return Call(
        script("publish"),
        (
            keys.metadata(topic),
            keys.stream(topic),
            keys.doorbell(topic),
            keys.idempotency(topic, key),
            keys.changes(partition),
            keys.change_number(partition),
        ),
        (
            payload,
            history_size,
            _ms(history_lifetime),
            _ms(lifetime),
            _new_epoch(),
            _ms(max(METADATA_LIFETIME, history_lifetime)),
            topic,
            PAYLOAD_LIMIT_BYTES,
            CHANGES_KEPT,
            EPOCHS_REMEMBERED,
            extra,
        ),
    )


def publish_answer(answer: Any) -> Position:
    """The position of the publication; of the first one, if the call was a repetition."""
    return Position(int(answer[0]), _text(answer[1]))


def read_call(keys: Keys, topic: str, after: int, limit: int, *, reverse: bool = False) -> Call:
    """Read at most ``limit`` publications after an offset, and where the topic stands."""
    return Call(
        script("read"),
        (keys.metadata(topic), keys.stream(topic)),
        (
            after,
            limit,
            _new_epoch(),
            _ms(METADATA_LIFETIME),
            "reverse" if reverse else "",
            _ms(UNUSED_METADATA_LIFETIME),
        ),
    )


def read_answer(answer: Any) -> StreamPart:
    offset, epoch, earlier, entries, kept_for_ms = answer
    return StreamPart(
        Lineage.parse(int(offset), _text(epoch), _text(earlier)),
        [_publication(entry_id, fields) for entry_id, fields in entries],
        max(0, int(kept_for_ms)) / 1000,
    )


def _publication(entry_id: bytes, fields: Sequence[bytes]) -> Publication:
    named = dict(zip(fields[::2], fields[1::2], strict=True))
    return Publication(int(entry_id.split(b"-")[0]), named[b"d"], named.get(b"x", b""))


def changes_call(keys: Keys, partition: int, after: int, limit: int) -> Call:
    """Ask which topics of a partition changed after a change number."""
    return Call(
        script("changes"),
        (keys.changes(partition), keys.change_number(partition)),
        (after, limit, keys.metadata_prefix(partition), CHANGES_KEPT, secrets.token_hex(8)),
    )


def changes_answer(answer: Any) -> Changes:
    last, forgotten, identity, flat = answer
    topics = [
        Change(_text(flat[i]), int(flat[i + 1]), Position(int(flat[i + 2]), _text(flat[i + 3])))
        for i in range(0, len(flat), 4)
    ]
    return Changes(int(last), int(forgotten), _text(identity), topics)


def _new_epoch() -> str:
    # Letters and digits only: "=", "," and " " separate epochs where they are stored.
    return secrets.token_hex(6)


def _ms(duration: timedelta) -> int:
    return max(1, int(duration.total_seconds() * 1000))


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
