import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.message import BadInput
from consumers.room import Room

LEGAL_GROUP = re.compile(r"[A-Za-z0-9._-]{1,99}")  # channels.layers.BaseChannelLayer


@given(st.text())
def test_every_room_has_a_legal_group(name: str) -> None:
    """The core layer raises for an illegal name, the pub/sub layer takes it silently."""
    with contextlib.suppress(BadInput):
        assert LEGAL_GROUP.fullmatch(Room.named(name).group)


@given(st.text(), st.text())
def test_two_names_are_two_groups(one: str, other: str) -> None:
    """What is said in one room stays there."""
    try:
        first, second = Room.named(one), Room.named(other)
    except BadInput:
        return
    assert (first.name == second.name) is (first.group == second.group)


def test_a_composed_and_a_decomposed_accent_are_one_room() -> None:
    """Keyboards differ; people don't see it."""
    assert Room.named("café") == Room.named("cafe\u0301")


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b", "a\nb", "\ud800"])
def test_impossible_names(name: str) -> None:
    """Named, not crashed."""
    with pytest.raises(BadInput):
        Room.named(name)
