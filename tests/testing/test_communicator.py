"""``Communicator``: a client in a test, asked by the service's own code."""

import gc
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.exceptions import SynchronousOnlyOperation
from django.utils import timezone

from tests.testing.topics import Cursor
from ws_service import ClientInfo, publish, subscription_token, topic
from ws_service.testing import (
    Captured,
    Communicator,
    Disconnected,
    NotCapturing,
    Refused,
    capture_publications,
)

PERMISSION_DENIED = 103


def make_order(pk: int) -> None:
    expires = timezone.now() + timedelta(days=1)
    Session.objects.create(session_key=str(pk), session_data="", expire_date=expires)


def user(pk: int, name: str = "ada") -> Any:
    """One that is in no database."""
    return get_user_model()(pk=pk, email=f"{name}@example.com", name=name)


def refusal(ask: Any, *args: Any, **kwargs: Any) -> int:
    with pytest.raises(Refused) as refused:
        ask(*args, **kwargs)
    return refused.value.code


@pytest.mark.django_db
def test_a_policy_sees_the_tests_own_transaction() -> None:
    """A row that was never committed; in another thread it would not be there."""
    client = Communicator(user(1))
    assert refusal(client.subscribe, "orders:1") == PERMISSION_DENIED
    make_order(1)
    assert client.subscribe("orders:1")["positioned"]
    assert client.subscriptions == {"orders:1", "#1"}


@pytest.mark.django_db
def test_an_asynchronous_policy_sees_it_too() -> None:
    """Its queries run in the test's thread."""
    client = Communicator()
    client.subscribe("brief:a")
    expires = timezone.now() + timedelta(days=1)
    Session.objects.create(session_key="closed", session_data="", expire_date=expires)
    assert refusal(client.subscribe, "brief:b") == PERMISSION_DENIED


def test_what_was_captured_has_come_to_who_is_subscribed() -> None:
    """From the subscription on, and not after its end."""
    client, other = Communicator(), Communicator()
    with capture_publications():
        publish("cursor:a", 0)
        client.subscribe("cursor:a")
        publish("cursor:a", {"x": 1})
        publish("cursor:b", 2)
        client.unsubscribe("cursor:a")
        publish("cursor:a", 3)
    assert client.received("cursor:a") == [{"x": 1}]
    assert other.received("cursor:a") == []


def test_a_client_publishes_as_it_may() -> None:
    """can_publish, clean, and the size."""
    ada, visitor = Communicator(user(1)), Communicator()
    ada.subscribe("room:a")
    with capture_publications() as captured:
        ada.publish("room:a", " hello ")
        assert refusal(ada.publish, "room:a", 5) == 107
        assert refusal(ada.publish, "room:a", "x" * 200) == 107
        assert refusal(visitor.publish, "room:a", "hello") == PERMISSION_DENIED
        assert refusal(ada.publish, "cursor:a", 1) == PERMISSION_DENIED
    assert captured == [Captured("room:a", {"text": "hello"})]
    assert ada.received("room:a") == [{"text": "hello"}]


def test_presence_is_the_communicators_that_there_are() -> None:
    """With what info() says of them; gone is who is held no more."""
    ada, grace, visitor = Communicator(user(1)), Communicator(user(2, "grace")), Communicator()
    ada.subscribe("room:a")
    grace.subscribe("room:a")
    name = ada.client.user.get_username()
    assert ada.presence("room:a")[ada.id] == ClientInfo("1", ada.id, None, {"name": name})
    assert ada.presence_stats("room:a").num_users == 2
    assert refusal(visitor.presence, "room:a") == PERMISSION_DENIED
    assert refusal(visitor.subscribe, "room:a") == PERMISSION_DENIED
    assert refusal(ada.presence, "cursor:a") == 108
    del grace
    gc.collect()
    assert set(ada.presence("room:a")) == {ada.id}


def test_history_is_what_was_captured_as_far_as_the_topic_keeps_it() -> None:
    """Three, here."""
    client = Communicator()
    with capture_publications():
        for number in range(5):
            publish("brief:a", number, on_commit=False)
        assert client.history("brief:a") == [2, 3, 4]
        assert client.history("brief:a", limit=1, reverse=True) == [4]
        assert refusal(client.history, "room:a") == PERMISSION_DENIED


def test_methods_are_called_with_validated_parameters() -> None:
    """As a client would call them."""
    client = Communicator(user(1))
    assert client.rpc("add", a=1) == {"sum": 2, "of": 1}
    assert refusal(client.rpc, "add", a="x") == 107
    assert refusal(client.rpc, "subtract") == 104


def test_what_a_client_would_be_told(settings: Any) -> None:
    """Names, limits, tokens."""
    settings.WS_SERVICE = settings.WS_SERVICE | {"MAX_SUBSCRIPTIONS": 2}
    client = Communicator()
    assert refusal(client.subscribe, "nothing") == 102
    assert refusal(client.subscribe, "$sealed:a") == PERMISSION_DENIED
    client.subscribe("cursor:a")
    assert refusal(client.subscribe, "cursor:a") == 105
    client.subscribe("cursor:b")
    assert refusal(client.subscribe, "cursor:c") == 106


def test_tokens_are_verified() -> None:
    """Of another client they end the connection."""
    ada = user(1)
    Communicator(ada).subscribe("$sealed:a", token=subscription_token(ada, "$sealed:a"))
    with pytest.raises(Disconnected) as ended:
        Communicator(ada).subscribe("$sealed:b", token=subscription_token(ada, "$sealed:a"))
    assert ended.value.code == 3500


def test_a_policys_bug_fails_the_test() -> None:
    """A client would be told to try again; whoever writes the policy wants to see it."""
    client = Communicator()
    for _ in range(2):
        with pytest.raises(LookupError, match="a policy's bug"):
            client.subscribe("broken")
    client.subscribe("cursor:a")


def test_topics_may_be_given() -> None:
    """For a library that has topics and no site."""
    client = Communicator(topics=[topic("own", Cursor)])
    client.subscribe("own")
    assert refusal(client.subscribe, "cursor:a") == 102


def test_without_a_capture_nothing_is_published() -> None:
    """It would have gone to Redis."""
    client = Communicator(user(1))
    with pytest.raises(NotCapturing, match="with capture_publications"):
        client.publish("room:a", "hello")


async def test_in_an_asynchronous_test() -> None:
    """By sync_to_async; otherwise it says so."""
    with pytest.raises(SynchronousOnlyOperation, match="sync_to_async"):
        Communicator()
    client = await sync_to_async(Communicator)()
    await sync_to_async(client.subscribe)("cursor:a")
    async with capture_publications():
        await sync_to_async(publish)("cursor:a", 1, on_commit=False)
    assert client.received("cursor:a") == [1]
