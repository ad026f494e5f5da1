"""Lazy texts work wherever a site hands over text: most of a Django site's texts are lazy."""

import sys
from types import ModuleType
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import translation
from django.utils.functional import lazystr
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from tests.publishing.store import Store
from tests.testing.topics import topics
from ws_service import (
    RPCError,
    disconnect_user,
    get_history,
    position,
    publish,
    publish_many,
    rpc,
    subscription_token,
    topic_name,
    unsubscribe_user,
)
from ws_service.errors import InvalidControl, InvalidIdempotencyKey, InvalidTags, InvalidTopicName
from ws_service.testing import Communicator, Refused
from ws_service.topics.control import CONTROL_TOPIC

YES = gettext_lazy("Yes")
LONG = format_lazy("{}-{}", "ü" * 40, YES)


def refuse(caller: Any, *, how: str) -> None:
    raise {
        "own": RPCError(409, YES),
        "denied": PermissionDenied(YES),
        "invalid": ValidationError({"seats": [YES, ValidationError(YES, params={"a": YES})]}),
    }[how]


@pytest.fixture
def client(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Communicator:
    """Of a site that refuses lazily."""
    routing = ModuleType("lazy_routing")
    vars(routing).update(topics=topics, rpc_methods=[rpc("refuse", refuse)])
    monkeypatch.setitem(sys.modules, routing.__name__, routing)
    settings.WS_SERVICE = {"ROUTING": routing.__name__, "REDIS_URL": "redis://127.0.0.1:1/0"}
    return Communicator()


@pytest.mark.parametrize(
    ("how", "code", "message"),
    [
        ("own", 409, "Yes"),
        ("denied", 103, "permission denied"),
        ("invalid", 107, "bad request: Yes; Yes"),
    ],
)
def test_what_a_method_refuses_with_is_answered(
    client: Communicator, how: str, code: int, message: str
) -> None:
    """A caller that is not answered waits for its time-out, and then knows nothing."""
    with pytest.raises(Refused) as refused:
        client.rpc("refuse", how=how)
    assert (refused.value.code, refused.value.message) == (code, message)


def test_an_error_speaks_the_language_in_which_it_was_made() -> None:
    """A method that activates its caller's language is past that when the error goes out."""
    with translation.override("de"):
        error = RPCError(409, YES)
    assert (error.message, str(error)) == ("Ja", "Ja")


@pytest.mark.parametrize("message", [None, 5, b"no", ["no"], ValueError("no")])
def test_a_message_that_is_no_text_is_named_where_it_is_made(message: Any) -> None:
    """In the site's own line, and not when the answer is written."""
    with pytest.raises(TypeError, match="the message is text"):
        RPCError(409, message)


def test_a_message_without_utf8_form_is_named_where_it_is_made() -> None:
    """It could not be sent."""
    with pytest.raises(ValueError, match="no UTF-8 form"):
        RPCError(409, "sold out \ud83d")


def test_a_close_may_give_its_reason_lazily(store: Store) -> None:
    """In the words that the site has for it anyway."""
    disconnect_user(42, reason=YES)
    disconnect_user(42, reason=LONG)
    assert [order["reason"] for order in store.data(CONTROL_TOPIC)] == ["Yes", "ü" * 40 + "-Yes"]
    with pytest.raises(InvalidControl, match="123 bytes at most"):
        disconnect_user(42, reason=format_lazy("{}{}", LONG, LONG))
    with pytest.raises(InvalidControl, match="is text, not int"):
        disconnect_user(42, reason=5)  # type: ignore[arg-type]


def test_a_topic_a_tag_a_key_and_data_may_be_lazy(store: Store) -> None:
    """One text, and not a topic for each of its letters."""
    name = lazystr("orders:7")
    lazily = {"tags": {lazystr("kind"): YES}, "idempotency_key": lazystr("once")}
    assert publish(name, {"text": YES}, on_commit=False, **lazily) == position(name)
    publish("orders:7", {"text": "again"}, on_commit=False, idempotency_key="once")
    publish([name], 2, on_commit=False)
    publish_many([(name, 3, lazystr("key"))], on_commit=False)
    page = get_history(name)
    assert [each.data for each in page.publications] == [{"text": "Yes"}, 2, 3]
    assert page.publications[0].tags == {"kind": "Yes"}
    unsubscribe_user(42, name)
    assert store.data(CONTROL_TOPIC)[0]["channel"] == "orders:7"
    assert topic_name(lazystr("order"), pk=lazystr("7")) == "orders:7"


def test_a_token_may_name_its_topic_lazily() -> None:
    """And say something lazy of its bearer."""
    user = type("User", (), {"pk": 42, "is_authenticated": True})()
    assert subscription_token(user, lazystr("orders:7"), info={"name": YES})


def test_what_is_too_much_is_too_much_lazily_too(store: Store) -> None:
    """The limits are those of the texts."""
    with pytest.raises(InvalidTags, match="255 bytes at most"):
        publish("orders:7", 1, tags={"a": lazystr("x" * 256)})
    with pytest.raises(InvalidIdempotencyKey, match="not 256"):
        publish("orders:7", 1, idempotency_key=lazystr("x" * 256))
    with pytest.raises(InvalidTopicName, match="255 bytes at most"):
        publish(lazystr("x" * 256), 1)
