"""What a site says of a user's connections reaches the control topic, or is said to be wrong."""

import os
import signal
import time
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import SynchronousOnlyOperation

from devkit.redis_server import RedisServer
from tests.publishing.conftest import Connect
from tests.publishing.store import Store
from ws_service import (
    adisconnect_user,
    aunsubscribe_user,
    disconnect_user,
    publish,
    unsubscribe_user,
)
from ws_service.errors import BrokerUnavailable, InvalidControl, InvalidTopicName, UnknownTopic
from ws_service.gateway.registry import DisconnectOrder, UnsubscribeOrder
from ws_service.topics.control import CONTROL_TOPIC

Order = DisconnectOrder | UnsubscribeOrder


def orders(store: Store) -> list[Order]:
    """As the service reads them; each was given just now."""
    decode = msgspec.json.Decoder(Order).decode
    given = [decode(payload) for payload in store.payloads(CONTROL_TOPIC)]
    assert all(0 <= time.time() - order.at < 60 for order in given)
    return [msgspec.structs.replace(order, at=0.0) for order in given]


@pytest.mark.parametrize("user", [42, "42", User(pk=42), SimpleNamespace(pk="42")])
def test_a_user_is_disconnected(store: Store, user: Any) -> None:
    """By whatever the site has at hand."""
    disconnect_user(user)
    disconnect_user(user, client="abc", code=4000, reason="moved – ü")
    disconnect_user(user, keep=["this", "that"])
    assert orders(store) == [
        DisconnectOrder("42", code=3503, reason="force disconnect"),
        DisconnectOrder("42", "abc", code=4000, reason="moved – ü"),
        DisconnectOrder("42", keep=["this", "that"]),
    ]


def test_a_user_is_unsubscribed(store: Store) -> None:
    """An order that changed hands."""
    unsubscribe_user(42, "orders:7")
    unsubscribe_user(42, "orders:7", client="abc")
    assert orders(store) == [
        UnsubscribeOrder("42", "orders:7"),
        UnsubscribeOrder("42", "orders:7", "abc"),
    ]


async def test_the_asynchronous_forms_do_the_same(store: Store) -> None:
    """For asynchronous views; the others say so there."""
    await adisconnect_user(42, keep=["this"])
    await aunsubscribe_user(42, "orders:7")
    assert len(orders(store)) == 2
    with pytest.raises(SynchronousOnlyOperation, match="await adisconnect_user"):
        disconnect_user(42)
    with pytest.raises(SynchronousOnlyOperation, match="await aunsubscribe_user"):
        unsubscribe_user(42, "orders:7")


@pytest.mark.parametrize(
    ("user", "options", "words"),
    [
        (None, {}, "nobody"),
        ("", {}, "nobody"),
        (AnonymousUser(), {}, "nobody"),
        (User(), {}, "nobody"),
        (42, {"code": 1000}, "3000 to 4999"),
        (42, {"code": 5000}, "3000 to 4999"),
        (42, {"code": "3503"}, "3000 to 4999"),
        (42, {"reason": "ü" * 62}, "123 bytes"),
        (42, {"reason": "\ud800"}, "can't be told"),
        # Client libraries would read advice out of these, and stay away for good.
        *((42, {"reason": each}, "not JSON") for each in ("true", " 42", '"away"', "null", "{}")),
        (42, {"keep": "abc"}, "keep is a list"),
        (42, {"keep": [1]}, "keep is a list"),
        (42, {"keep": ["x" * 100] * 200}, "too many"),
        (42, {"client": object()}, "can't be told"),
    ],
)
def test_what_can_not_be_told_is_said_at_the_call(
    store: Store, user: Any, options: dict[str, Any], words: str
) -> None:
    """Every process would refuse it, in its log."""
    with pytest.raises(InvalidControl, match=words):
        disconnect_user(user, **options)
    assert orders(store) == []


def test_a_topic_that_there_is_not_is_no_subscription(store: Store) -> None:
    """A misspelt name would end nothing, without a word."""
    with pytest.raises(UnknownTopic):
        unsubscribe_user(42, "order:7")
    with pytest.raises(InvalidControl, match="nobody"):
        unsubscribe_user(AnonymousUser(), "orders:7")


@pytest.mark.django_db
def test_a_site_can_not_publish_to_the_control_topic(store: Store) -> None:
    """Nor to any other name of ours."""
    with pytest.raises(InvalidTopicName, match="reserved"):
        publish(CONTROL_TOPIC, {"do": "disconnect", "user": "42"})


def test_a_redis_that_hangs_is_said(connect: Connect, own_redis: RedisServer) -> None:
    """Who asks for it must know that it has not happened."""
    connect(own_redis, PUBLISH_TIMEOUT=0.3)
    os.kill(own_redis.pid, signal.SIGSTOP)
    try:
        with pytest.raises(BrokerUnavailable):
            disconnect_user(42)
    finally:
        os.kill(own_redis.pid, signal.SIGCONT)
