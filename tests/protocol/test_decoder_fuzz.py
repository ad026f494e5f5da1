"""Whatever comes: commands or MalformedFrame, and a session that stays in order."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.protocol.peer import Peer, session
from ws_service.protocol.codec import MalformedFrame, decode_commands
from ws_service.protocol.messages import Command

DEPTH = 100_000
KINDS = [name for name in Command.__struct_fields__ if name != "id"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    [
        "channel", "token", "recover", "epoch", "offset", "data", "delta", "tf", "flag", "type",
        "limit", "since", "reverse", "headers", "name", "version", "method",
    ]
)  # fmt: skip
REQUESTS = st.dictionaries(FIELDS | st.text(max_size=3), JSON, max_size=5)
COMMANDS = st.fixed_dictionaries(
    {"id": st.integers(0, 2**33) | JSON}, optional=dict.fromkeys(KINDS, REQUESTS | JSON)
)

# No limits of time: a busy machine is no bug.
fuzz = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def decodes_or_is_malformed(frame: str | bytes) -> None:
    with suppress(MalformedFrame):
        assert all(isinstance(command, Command) for command in decode_commands(frame))


@fuzz
@given(st.binary(max_size=300))
@example(b"\xff\xfe{}")
@example(b"\x00")
def test_any_bytes(frame: bytes) -> None:
    """Binary frames come from outside."""
    decodes_or_is_malformed(frame)


@fuzz
@given(st.text(st.characters(codec=None, categories=None), max_size=300))
@example("\ufeff{}")
@example('{"id":1,"connect":{"name":"\ud83c"}}')
def test_any_text(frame: str) -> None:
    """Lone surrogates included: a server may be lenient."""
    decodes_or_is_malformed(frame)


@fuzz
@given(st.lists(COMMANDS, min_size=1, max_size=3), st.data())
def test_frames_that_are_nearly_right(commands: list[dict[str, Any]], data: st.DataObject) -> None:
    """A byte taken out, put in, or changed."""
    frame = "\n".join(json.dumps(command) for command in commands).encode()
    decodes_or_is_malformed(frame)
    at = data.draw(st.integers(0, len(frame) - 1))
    end = data.draw(st.integers(at, min(at + 3, len(frame))))
    mutated = frame[:at] + data.draw(st.binary(max_size=3)) + frame[end:]
    decodes_or_is_malformed(mutated)
    decodes_or_is_malformed(mutated.decode(errors="surrogateescape"))


@fuzz
@given(st.lists(COMMANDS, max_size=4))
def test_a_session_takes_any_frame(commands: list[dict[str, Any]]) -> None:
    """Before connect and after it: effects, never an exception."""
    frame = "\n".join(json.dumps(command) for command in commands)
    session().receive(frame, 0.0)
    peer = Peer()
    peer.session.receive(frame, 0.0)
    peer.session.receive(frame.encode(), 0.0)


@pytest.mark.parametrize(
    "frame",
    [
        "[" * DEPTH,
        "[" * DEPTH + "]" * DEPTH,
        '{"a":' * DEPTH + "1" + "}" * DEPTH,
        '{"id":1,"connect":{"data":' + "[" * DEPTH + "]" * DEPTH + "}}",
        '{"id":1,"subscribe":{"tf":' + '{"nodes":[' * DEPTH + "]}" * DEPTH + "}}",
    ],
)
def test_deep_nesting_is_malformed(frame: str) -> None:
    """It must cost neither the stack nor the process."""
    for each in (frame, frame.encode()):
        with pytest.raises(MalformedFrame):
            decode_commands(each)


@pytest.mark.parametrize("field", ["id", "flag", "type", "offset", "unknown"])
@pytest.mark.parametrize("number", ["9" * 30, "9" * 5_000, "-" + "9" * 5_000, "1e999999", "0" * 99])
def test_huge_numbers_are_no_trouble(field: str, number: str) -> None:
    """Python refuses to convert very long ones, by another exception."""
    inner = f'"{field}":{number}'
    decodes_or_is_malformed("{" + inner + "}")
    decodes_or_is_malformed('{"id":1,"subscribe":{"channel":"a",' + inner + "}}")
