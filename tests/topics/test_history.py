"""How much of a topic is kept."""

from datetime import timedelta
from typing import Any

import pytest

from ws_service import History


def test_a_topic_keeps_something_unless_told_otherwise() -> None:
    """Whoever was away for a minute misses nothing, without a line of configuration."""
    assert History() == History(size=100, ttl=timedelta(minutes=10))


@pytest.mark.parametrize("size", [0, -1, 1.5, "10", True, None])
def test_a_size_that_can_not_be_is_named_with_what_was_meant(size: Any) -> None:
    """Found where it is written, not when somebody publishes."""
    with pytest.raises(ValueError, match=r"History\(size=.*no history is None"):
        History(size=size)


@pytest.mark.parametrize("ttl", [60, timedelta(0), timedelta(seconds=-1), None, "10m"])
def test_a_lifetime_that_can_not_be_is_named_with_what_was_meant(ttl: Any) -> None:
    """A number of seconds is the usual mistake."""
    with pytest.raises(ValueError, match=r"History\(ttl=.*a timedelta of a second or more"):
        History(ttl=ttl)
