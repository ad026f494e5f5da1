"""Data to JSON, once, where it enters."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy

from ws_service.errors import InvalidPayload, PayloadTooLarge
from ws_service.publishing.payload import encode_payload


@pytest.mark.parametrize(
    ("data", "payload"),
    [
        ({"b": 1, "a": [True, None, 1.5]}, '{"b":1,"a":[true,null,1.5]}'),
        (None, "null"),
        ("", '""'),
        ("ü\n🎉\u2028", '"ü\\n🎉\u2028"'),
        (datetime(2026, 7, 1, 12, 30, tzinfo=UTC), '"2026-07-01T12:30:00Z"'),
        (date(2026, 7, 1), '"2026-07-01"'),
        (timedelta(minutes=1), '"P0DT00H01M00S"'),
        (Decimal("1.50"), '"1.50"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (lazystr("paid"), '"paid"'),
        (gettext_lazy("Yes"), '"Yes"'),
        ((1, 2), "[1,2]"),
        ({1: "a", None: "b"}, '{"1":"a","null":"b"}'),
        (10**30, "1" + "0" * 30),
    ],
)
def test_djangos_types_become_compact_json(data: Any, payload: str) -> None:
    """What a view has at hand can be published as it is."""
    assert encode_payload(data, 1_000).decode() == payload


def test_the_json_is_one_line() -> None:
    """A newline separates messages on the wire."""
    assert b"\n" not in encode_payload({"a\nb": "c\nd\r"}, 1_000)


class Colour(Enum):
    RED = 1


def circle() -> list[Any]:
    data: list[Any] = []
    data.append(data)
    return data


def depth(levels: int) -> list[Any]:
    data: list[Any] = []
    for _ in range(levels):
        data = [data]
    return data


@pytest.mark.parametrize(
    "data",
    [
        math.nan, math.inf, [-math.inf], {"a": {"b": math.nan}}, {math.nan: 1}, "\ud800",
        {"\udfff": 1}, b"bytes", {1, 2}, object(), Colour.RED, {(1, 2): 3}, circle(),
        depth(101), {"a": depth(300)}, depth(100_000), 10**5_000,
        datetime(2026, 7, 1, tzinfo=UTC).timetz(),
    ],
    ids=lambda data: type(data).__name__,
)  # fmt: skip
def test_what_has_no_json_form_is_refused(data: Any) -> None:
    """JavaScript's parser fails on NaN: every client of the topic would drop its connection."""
    with pytest.raises(InvalidPayload, match="can't be published as JSON"):
        encode_payload(data, 1_000)


def test_half_an_emoji_is_named() -> None:
    """A slice of a text in JavaScript, which came to the site as JSON."""
    with pytest.raises(InvalidPayload, match=r"'\\ud83d', half of a surrogate pair"):
        encode_payload({"text": "nice work \ud83d"}, 1_000)


def test_what_people_write_is_not_too_deep() -> None:
    """The limit is that of other readers, not of sites."""
    assert encode_payload([depth(98)] * 200, 100_000)
    assert encode_payload(["[" * 200] * 200, 100_000)


def test_the_limit_is_in_bytes_and_named() -> None:
    """What is too large would close slow clients, and fill Redis."""
    assert encode_payload("ü" * 9, 20)
    with pytest.raises(PayloadTooLarge, match="MAX_PUBLICATION_SIZE") as too_large:
        encode_payload("ü" * 10, 20)
    assert (too_large.value.size, too_large.value.limit) == (22, 20)
