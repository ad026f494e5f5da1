"""``capture_publications()`` in every kind of test case."""

import datetime
import threading
from contextlib import suppress

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import SynchronousOnlyOperation
from django.db import transaction
from django.test import SimpleTestCase, TestCase, TransactionTestCase

from tests.publishing.conftest import connect, store
from tests.publishing.store import Store
from ws_service import (
    apublish,
    disconnect_user,
    get_history,
    get_presence,
    position,
    publish,
    publish_many,
    unsubscribe_user,
)
from ws_service.errors import BrokerUnavailable, InvalidPayload, UnknownTopic
from ws_service.testing import Captured, capture_publications

__all__ = ["connect", "store"]


class InATestCase(TestCase):
    """Its transaction is never committed."""

    @pytest.mark.promise("capture")
    def test_what_waits_for_the_commit_is_there_when_the_block_ends(self) -> None:
        """A view that publishes can be tested without a commit."""
        with capture_publications() as captured:
            publish("orders:1", {"state": "paid"})
            assert captured == []
        assert captured == [Captured("orders:1", {"state": "paid"})]

    def test_a_rolled_back_savepoint_drops_its_own(self) -> None:
        """What was taken back is told to nobody."""
        with capture_publications() as captured:
            publish("orders:1", 1)
            with transaction.atomic():
                publish("orders:1", 2)
                with suppress(LookupError), transaction.atomic():
                    publish("orders:1", 3)
                    raise LookupError
            publish("orders:1", 4)
        assert [each.data for each in captured] == [1, 2, 4]

    def test_on_commit_false_is_there_at_once(self) -> None:
        """And before what waits, as it would be."""
        with capture_publications() as captured:
            publish("orders:1", "later")
            publish("orders:1", "now", on_commit=False)
            assert captured == [Captured("orders:1", "now")]
        assert [each.data for each in captured] == ["now", "later"]

    def test_what_was_published_before_the_block_is_not_in_it(self) -> None:
        """A test's preparations are not what it is about."""
        publish("orders:1", "before")
        with capture_publications() as captured:
            publish("orders:1", "within")
            with suppress(LookupError), transaction.atomic():
                raise LookupError
        assert [each.data for each in captured] == ["within"]

    def test_an_inner_block_has_its_own(self) -> None:
        """Each publication is in the innermost list only."""
        with capture_publications() as outer:
            publish("orders:1", 1)
            with capture_publications() as inner:
                publish("orders:1", 2)
                publish("orders:1", 3, on_commit=False)
            publish("orders:1", 4)
        assert [each.data for each in inner] == [3, 2]
        assert [each.data for each in outer] == [1, 4]

    def test_an_exception_passes_and_leaves_nothing_behind(self) -> None:
        """What was published before it is in the list: it would have been committed."""
        with suppress(LookupError), capture_publications() as captured:
            publish("orders:1", 1)
            raise LookupError
        assert captured == [Captured("orders:1", 1)]
        with capture_publications() as captured:
            pass
        assert captured == []

    def test_django_s_own_capture_runs_the_site_s_callbacks(self) -> None:
        """A callback that publishes is the site's, and Django runs it; nothing comes twice."""
        with capture_publications() as captured, self.captureOnCommitCallbacks(execute=True):
            transaction.on_commit(lambda: publish("orders:1", "by the site's callback"))
            publish("orders:1", "by itself")
        assert sorted(each.data for each in captured) == ["by itself", "by the site's callback"]

        with (
            self.captureOnCommitCallbacks(execute=True) as callbacks,
            capture_publications() as captured,
        ):
            publish("orders:1", 1)
        assert captured == [Captured("orders:1", 1)]
        assert callbacks == []

    async def test_in_an_asynchronous_test(self) -> None:
        """The commit is waited for in the thread that has the connection."""
        async with capture_publications() as captured:
            await apublish("orders:1", 1)
            await apublish("orders:1", 2, on_commit=False)
            assert captured == [Captured("orders:1", 2)]
        assert [each.data for each in captured] == [2, 1]
        with pytest.raises(SynchronousOnlyOperation, match="async with"), capture_publications():
            pass


class InATransactionTestCase(TransactionTestCase):
    """Its transactions are real."""

    def test_publications_come_with_the_commits(self) -> None:
        """And not at all with a rollback."""
        with capture_publications() as captured:
            publish("orders:1", 1)
            assert len(captured) == 1
            with transaction.atomic():
                Session.objects.exists()
                publish("orders:1", 2)
                assert len(captured) == 1
            assert len(captured) == 2
            with suppress(LookupError), transaction.atomic():
                publish("orders:1", 3)
                raise LookupError
        assert [each.data for each in captured] == [1, 2]

    def test_other_threads_are_caught_when_they_commit(self) -> None:
        """A worker that the code under test has started."""

        def work() -> None:
            publish("orders:1", "from a thread", on_commit=False)

        with capture_publications() as captured:
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        assert captured == [Captured("orders:1", "from a thread")]


class InASimpleTestCase(SimpleTestCase):
    """It may not use a database."""

    def test_there_is_nothing_to_wait_for(self) -> None:
        """Publishing is no reason to connect to one."""
        with capture_publications() as captured:
            publish("orders:1", 1)
            publish("orders:1", 2, on_commit=False)
        assert [each.data for each in captured] == [1, 2]


def test_data_is_what_a_client_gets() -> None:
    """A date is text, a tuple a list; tags and the caller's key stand beside it."""
    with capture_publications() as captured:
        day = datetime.date(2026, 11, 21)
        publish("orders:1", {"at": day, 1: (2,)}, tags={"lang": "en"}, idempotency_key="a")
    assert captured == [
        Captured("orders:1", {"at": "2026-11-21", "1": [2]}, {"lang": "en"}, "a"),
    ]


def test_several_at_once_are_in_their_order() -> None:
    """A list of topics, and publish_many()."""
    with capture_publications() as captured:
        publish(["orders:1", "cursor:a"], 1)
        publish_many([("orders:2", 2), ("orders:2", 3, "key")])
    assert [(each.topic, each.data) for each in captured] == [
        ("orders:1", 1), ("cursor:a", 1), ("orders:2", 2), ("orders:2", 3)
    ]  # fmt: skip


def test_a_mistake_fails_the_test() -> None:
    """It would fail the page as well."""
    with capture_publications() as captured:
        with pytest.raises(UnknownTopic):
            publish("order:1", 1)
        with pytest.raises(InvalidPayload):
            publish("orders:1", object())
    assert captured == []


def test_positions_and_keys_are_as_with_redis() -> None:
    """Code that reads them works in the test."""
    with capture_publications() as captured:
        assert position("orders:1").offset == 0
        first = publish("orders:1", 1, on_commit=False, idempotency_key="a")
        again = publish("orders:1", 1, on_commit=False, idempotency_key="a")
        second = publish("orders:1", 2, on_commit=False)
        assert first == again
        assert first
        assert second == position("orders:1")
        assert second
        assert second.offset == first.offset + 1
        assert publish("cursor:a", 1, on_commit=False) == position("cursor:a")
    assert [each.data for each in captured] == [1, 2, 1]


def test_what_was_captured_can_be_read() -> None:
    """As far as the topic keeps it, which is three here."""
    with capture_publications():
        publish_many([("brief:a", number) for number in range(5)], on_commit=False)
        page = get_history("brief:a")
        assert [(each.offset, each.data) for each in page.publications] == [(3, 2), (4, 3), (5, 4)]
        newest = get_history("brief:a", limit=1, reverse=True, since=page.position)
        assert [each.data for each in newest.publications] == [3]


def test_users_are_disconnected_by_nobody() -> None:
    """It is no publication, and there is no service; presence can't be asked for without one."""
    with capture_publications() as captured:
        disconnect_user(42)
        unsubscribe_user(42, "orders:1")
        with pytest.raises(BrokerUnavailable, match="there is no Redis"):
            get_presence("room:a")
    assert captured == []


@pytest.mark.promise("capture")
def test_nothing_reaches_redis_and_afterwards_it_does_again(store: Store) -> None:
    """Also where there is one."""
    with capture_publications() as captured:
        publish("orders:1", "captured", on_commit=False)
    publish("orders:1", "published", on_commit=False)
    assert captured == [Captured("orders:1", "captured")]
    assert store.data("orders:1") == ["published"]
