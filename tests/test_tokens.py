"""The tokens that a site gives to its users."""

import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import SimpleLazyObject

from ws_service import (
    aconnection_token,
    asubscription_token,
    connection_token,
    subscription_token,
)
from ws_service.conf import load_config
from ws_service.errors import InvalidPayload, InvalidToken, InvalidTopicName
from ws_service.identity.tokens import TokenKeys

ADA = SimpleNamespace(pk=42, is_authenticated=True)


def keys() -> TokenKeys:
    return TokenKeys.from_config(load_config())


def claims_of(token: str) -> Any:
    return jwt.decode(token, options={"verify_signature": False})


def test_the_service_believes_what_the_site_signed() -> None:
    """Both ends of the same settings."""
    claims = keys().verify_connection(connection_token(ADA, info={"name": "Ada"}), time.time())
    assert (claims.user, claims.info) == ("42", {"name": "Ada"})
    token = subscription_token(ADA, "orders:7", info=[1])
    assert keys().verify_subscription(token, "orders:7", "42", "c", time.time()).info == [1]


def test_neither_token_passes_for_the_other() -> None:
    """A permission for one topic is no identity, and the other way round."""
    with pytest.raises(InvalidToken):
        keys().verify_connection(subscription_token(ADA, "orders:7"), time.time())
    with pytest.raises(InvalidToken):
        keys().verify_subscription(connection_token(ADA), "orders:7", "42", "c", time.time())


def test_somebody_anonymous_gets_a_token_without_a_name() -> None:
    """A site may want to let in strangers, and only those who have seen its page."""
    assert claims_of(connection_token(AnonymousUser()))["sub"] == ""


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (None, 600),
        (timedelta(hours=1), 3600),
        (30, 30),
        (0.2, 0.2),
        (timedelta(days=365), 31536000),
    ],
)
def test_a_token_lives_as_long_as_asked(expires_in: Any, seconds: float) -> None:
    """Ten minutes by default, never for ever; fractions of a second are rounded up."""
    before = time.time()
    exp = claims_of(connection_token(ADA, expires_in=expires_in))["exp"]
    assert before + seconds <= exp <= time.time() + seconds + 1


@pytest.mark.parametrize(
    "expires_in", [0, -1, timedelta(0), float("nan"), float("inf"), True, timedelta(days=36500)]
)
def test_a_life_that_is_none_is_refused(expires_in: Any) -> None:
    """A token that never worked is found on the spot."""
    with pytest.raises(ValueError, match="expires_in"):
        connection_token(ADA, expires_in=expires_in)


def test_a_user_who_is_not_saved_gets_no_token() -> None:
    """Otherwise somebody would be let in as "None"."""
    with pytest.raises(ValueError, match="not saved"):
        connection_token(get_user_model()())


@pytest.mark.parametrize("info", [float("nan"), {1, 2}, "\ud800", "x" * 9_000])
def test_info_that_can_not_be_sent_is_refused(info: Any) -> None:
    """Better here than as a refused connection."""
    with pytest.raises(InvalidPayload):
        connection_token(ADA, info=info)


def test_info_that_no_service_would_read_is_refused_when_it_is_signed() -> None:
    """Else the page would be turned away for good, later and elsewhere."""
    info: Any = 1
    for _ in range(32):
        info = [info]
    token = connection_token(ADA, info=info)
    assert keys().verify_connection(token, time.time()).info == info
    with pytest.raises(InvalidPayload, match="nested more than 32"):
        connection_token(ADA, info=[info])
    with pytest.raises(InvalidPayload):
        connection_token(ADA, info="\ud83d")


@pytest.mark.parametrize("pk", ["", "a\nb", "x" * 256, "\ud83d"], ids=repr)
def test_a_user_whom_no_token_can_name_gets_none(pk: str) -> None:
    """The site hears of it, and not its user's browser."""
    with pytest.raises(ValueError, match="the user's id is"):
        connection_token(SimpleNamespace(pk=pk, is_authenticated=True))


@pytest.mark.parametrize("pk", ["a/b", "https://idp.example/users/7", "ü 😀#%", "x" * 255])
def test_any_other_text_is_an_id(pk: str) -> None:
    """Identity providers name their users as they like."""
    token = connection_token(SimpleNamespace(pk=pk, is_authenticated=True))
    assert keys().verify_connection(token, time.time()).user == pk


def test_a_token_for_no_topic_is_refused() -> None:
    """The same rules as for ``publish()``."""
    with pytest.raises(InvalidTopicName):
        subscription_token(ADA, "")


def test_changed_settings_are_used_at_once(settings: Any) -> None:
    """In a site's tests, with ``override_settings``."""
    connection_token(ADA)
    settings.WS_SERVICE = {"TOKEN_KEY": "k" * 32, "TOKEN_AUDIENCE": "live"}
    assert jwt.decode(connection_token(ADA), "k" * 32, ["HS256"], audience="live")["sub"] == "42"


def test_without_any_key_it_says_which_to_set(settings: Any) -> None:
    """A script that issues tokens, started without the site's settings."""
    settings.INSTALLED_APPS = ["ws_service"]
    settings.WS_SERVICE = {}
    settings.SECRET_KEY = ""
    with pytest.raises(ImproperlyConfigured, match="TOKEN_KEY"):
        connection_token(ADA)


@pytest.mark.django_db(transaction=True)
async def test_asynchronous_code_may_pass_the_requests_lazy_user() -> None:
    """``request.user`` asks the database when it is first used."""
    user = SimpleLazyObject(
        lambda: get_user_model().objects.create_user(email="a@b.example", password="x", name="A")
    )
    assert claims_of(await aconnection_token(user))["sub"] == str(user.pk)
    assert claims_of(await asubscription_token(user, "orders:7"))["channel"] == "orders:7"
