"""JSON that one reader takes and another refuses is found, and nothing else is."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ws_service.readable import NESTING_LIMIT, UnreadableJSON, is_shallow, may_be_deep, read_json

TEXT = st.text(st.characters(codec=None, categories=None), max_size=8) | st.sampled_from('[]{}"')
NUMBER = st.integers() | st.floats() | st.integers(10**4_298, 10**4_299)
CONTENT = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def nested(levels: int, inner: Any = 1) -> Any:
    for _ in range(levels):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (rb'"\ud83d"', "truncated"),
        (rb'["\ude00x"]', "surrogate"),
        (b'"\xff"', "no UTF-8 form"),
        (b"9" * 4_301, "too large"),
        (b"1e999", "too large"),
        (b"-" + b"9" * 400 + b".5", "too large"),
        (b"[" * 101 + b"]" * 101, "nested more than 100"),
        (b'{"a":' * 101 + b"1" + b"}" * 101, "nested more than 100"),
        (b"[" * 50_000, "nested more than 100"),
        (b"NaN", "malformed"),
        (b"{", "truncated"),
    ],
    ids=lambda each: str(each)[:15],
)
def test_what_a_reader_could_not_take_is_refused_with_the_reason(data: bytes, why: str) -> None:
    """The page's author has to find it; the other subscribers must never meet it."""
    with pytest.raises(UnreadableJSON, match=why):
        read_json(data)


@pytest.mark.parametrize("inner", ["[" * 300, '"]' * 300, "}{" * 300, 1])
@pytest.mark.parametrize("levels", [0, 1, NESTING_LIMIT - 1, NESTING_LIMIT])
def test_brackets_in_texts_are_no_levels(levels: int, inner: Any) -> None:
    """A drawing made of brackets is a text like any other."""
    content = nested(levels, inner)
    assert read_json(json.dumps(content).encode()) == content


def test_what_is_wide_is_not_taken_for_deep() -> None:
    """A list of a thousand things is the usual case, and is not looked at twice."""
    assert not may_be_deep(json.dumps([{"a": [n]} for n in range(1_000)]).encode(), NESTING_LIMIT)


@settings(deadline=None)
@given(CONTENT)
@example(nested(NESTING_LIMIT))
@example(nested(NESTING_LIMIT + 1))
def test_what_is_accepted_can_be_read_by_all(content: Any) -> None:
    """By Python's readers, and put into UTF-8 again by whatever stores it."""
    data = json.dumps(content).encode()
    try:
        read = read_json(data)
    except UnreadableJSON:
        return
    assert msgspec.json.decode(data) == json.loads(data) == read
    assert json.dumps(read, ensure_ascii=False).encode()
    assert is_shallow(read, NESTING_LIMIT)
