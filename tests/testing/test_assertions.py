"""Who may: as functions, and as assertions of a ``TestCase``."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import TestCase

from ws_service.errors import UnknownTopic
from ws_service.testing import (
    PushAssertions,
    may_publish,
    may_see_history,
    may_see_presence,
    may_subscribe,
)


def user(pk: int) -> Any:
    return get_user_model()(pk=pk, email="ada@example.com", name="Ada")


class WithAssertions(PushAssertions, TestCase):
    """As a site would write it."""

    def test_they_pass_and_fail(self) -> None:
        """A failure says who and what."""
        self.assertMaySubscribe(user(1), "room:a")
        self.assertMayNotSubscribe(None, "room:a")
        self.assertMayNotSubscribe(user(1), "orders:1")
        self.assertMayPublish(user(1), "room:a")
        self.assertMayNotPublish(None, "room:a")
        with pytest.raises(AssertionError, match="an anonymous visitor may not subscribe to 'room"):
            self.assertMaySubscribe(None, "room:a")
        with pytest.raises(AssertionError, match="may subscribe to 'room:a'"):
            self.assertMayNotSubscribe(user(1), "room:a")


def test_functions_for_pytest() -> None:
    """One for each policy."""
    assert may_subscribe(None, "cursor:a")
    assert not may_subscribe(None, "room:a")
    assert may_subscribe(user(1), "#1")
    assert not may_subscribe(user(1), "#2")
    assert may_publish(user(1), "room:a")
    assert not may_publish(user(1), "cursor:a")
    assert may_see_presence(user(1), "room:a")
    assert not may_see_presence(None, "room:a")
    assert may_see_history(None, "brief:a")
    assert not may_see_history(None, "room:a")


def test_what_is_off_nobody_may_see() -> None:
    """Whatever a policy says."""
    assert not may_see_presence(user(1), "brief:a")
    assert not may_see_history(user(1), "cursor:a")


def test_a_topic_that_needs_a_token_is_refused_without() -> None:
    """Its policy isn't even asked."""
    assert not may_subscribe(user(1), "$sealed:a")


def test_a_name_that_is_none_fails_the_test() -> None:
    """A typo must not pass as "nobody may"."""
    with pytest.raises(UnknownTopic):
        may_subscribe(None, "rom:a")


def test_a_policys_bug_fails_the_test() -> None:
    """And is no "no"."""
    with pytest.raises(LookupError):
        may_subscribe(None, "broken")
