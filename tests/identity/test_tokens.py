"""Which tokens say something, and which are refused how."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ws_service.conf import load_config
from ws_service.errors import ForeignToken, InvalidToken, TokenError, TokenExpired
from ws_service.identity.tokens import (
    Key,
    Purpose,
    ServerSubscription,
    SubscriptionClaims,
    TokenKeys,
)

NOW_S = 1_700_000_000.5
SECRET = b"a key for tests that is long enough"
EARLIER = b"the key of last year, also long enough"
KEYS = TokenKeys((Key(SECRET), Key(EARLIER)), (Key(SECRET), Key(EARLIER)), "ws_service")


def signed(payload: bytes, header: Any = None, secret: bytes = SECRET) -> str:
    """A JWT by hand: PyJWT would not write most of those below."""
    head = json.dumps(header or {"alg": "HS256", "typ": "JWT"}).encode()
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (head, payload))
    signature = hmac.digest(secret, text, hashlib.sha256)
    return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def token(header: Any = None, secret: bytes = SECRET, **claims: Any) -> str:
    claims = {"sub": "42", "aud": "ws_service", "exp": NOW_S + 60} | claims
    kept = {name: value for name, value in claims.items() if value is not ...}
    return signed(json.dumps(kept).encode(), header, secret)


def connect(text: str, now_s: float = NOW_S) -> Any:
    return KEYS.verify_connection(text, now_s)


def subscribe(text: str, **asked: Any) -> SubscriptionClaims:
    whole = {"channel": "orders:42", "user": "42", "client": "c-1", "now_s": NOW_S} | asked
    return KEYS.verify_subscription(text, **whole)


# Connection tokens


def test_a_token_names_its_user_and_says_until_when() -> None:
    """What a site signed is believed."""
    claims = connect(token(info={"name": "Ada"}))
    assert (claims.user, claims.expires_at, claims.info) == ("42", NOW_S + 60, {"name": "Ada"})
    assert claims.channels == {}


def test_a_token_that_jwt_libraries_write_is_read() -> None:
    """Sites in other languages issue tokens too."""
    text = jwt.encode({"sub": "42", "aud": ["shop", "ws_service"], "iat": 1}, SECRET, "HS256")
    assert connect(text).user == "42"
    assert connect(text).expires_at is None


@pytest.mark.parametrize("sub", ["", ...])
def test_a_token_without_a_subject_is_for_somebody_anonymous(sub: Any) -> None:
    """A site may let strangers in, and nobody without a token."""
    assert connect(token(sub=sub)).user == ""


@pytest.mark.parametrize(
    ("claims", "expires_at"),
    [
        ({"expire_at": 0}, None),
        ({"expire_at": NOW_S + 5}, NOW_S + 5),
        ({"exp": ..., "expire_at": NOW_S + 5}, NOW_S + 5),
        ({"exp": ...}, None),
    ],
)
def test_the_connection_may_end_at_another_time_than_the_token(
    claims: dict[str, Any], expires_at: float | None
) -> None:
    """A token that works for a minute may open a connection for good (reference, 7.1)."""
    assert connect(token(**claims)).expires_at == expires_at


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW_S},
        {"exp": 0},
        {"exp": -5},
        {"nbf": NOW_S + 1},
        {"expire_at": NOW_S},
        {"exp": NOW_S - 1, "expire_at": 0},
    ],
)
def test_a_good_token_outside_its_time_is_expired(claims: dict[str, Any]) -> None:
    """The client fetches a new one, and is not turned away for good (reference, 7)."""
    with pytest.raises(TokenExpired):
        connect(token(**claims))


def test_topics_come_with_what_is_said_about_them() -> None:
    """``subs`` wins over ``channels``, and the base64 forms over the plain (reference, 7.1)."""
    subs = {
        "news": {"info": 1, "b64info": base64.b64encode(b'{"a":1}').decode()},
        "orders:42": {},
        "chat": None,
    }
    assert connect(token(subs=subs, channels=["other"])).channels == {
        "news": ServerSubscription({"a": 1}),
        "orders:42": ServerSubscription(),
        "chat": ServerSubscription(),
    }
    assert list(connect(token(channels=["a", "b"], subs={})).channels) == ["a", "b"]
    assert connect(token(channels=None, subs=None, info=None)).channels == {}


NOT_OURS: dict[str, Callable[[], str]] = {
    "no signature": lambda: token({"alg": "none"}).rsplit(".", 1)[0] + ".",
    "no algorithm": lambda: token({"typ": "JWT"}),
    "algorithm none, signed": lambda: token({"alg": "none"}),
    "another algorithm": lambda: token({"alg": "HS512"}),
    "algorithms of another type": lambda: token({"alg": ["HS256"]}),
    "a header that is no object": lambda: token([1]),
    "an extension": lambda: token({"alg": "HS256", "crit": ["exp"], "exp": 1}),
    "a detached payload": lambda: token({"alg": "HS256", "crit": ["b64"], "b64": False}),
    "another key": lambda: token(secret=b"another key that is long enough too"),
    "no audience": lambda: token(aud=...),
    "another application's": lambda: token(aud="shop"),
    "an audience of another type": lambda: token(aud={"ws_service": 1}),
    "audiences of other types": lambda: token(aud=["ws_service", 1]),
    "for a subscription": lambda: token(channel="orders:42"),
    "for a subscription, to nothing": lambda: token(channel=""),
    "for a subscription, null": lambda: token(channel=None),
    "a number as subject": lambda: token(sub=42),
    "a subject that no database takes": lambda: token(sub="4\x002"),
    "a subject without a UTF-8 form": lambda: token(sub="\ud800"),
    "a subject that is a book": lambda: token(sub="4" * 256),
    "milliseconds": lambda: token(exp=NOW_S * 1000),
    "true as a time": lambda: token(exp=True),
    "text as a time": lambda: token(exp="1800000000"),
    "null as a time": lambda: token(exp=None),
    "a list as a time": lambda: token(nbf=[]),
    "no number as a time": lambda: token(exp=float("nan")),
    "for ever as a time": lambda: token(exp=float("inf")),
    "minus for ever": lambda: token(nbf=float("-inf")),
    "too big for a float": lambda: signed(b'{"aud":"ws_service","exp":1e999}'),
    "too big for a machine": lambda: token(exp=10**300),
    "too big for Python": lambda: signed(b'{"aud":"ws_service","exp":' + b"9" * 5000 + b"}"),
    "issued at text": lambda: token(iat="yesterday"),
    "info too big for Python": lambda: signed(b'{"aud":"ws_service","info":' + b"9" * 5000 + b"}"),
    "info that is no number": lambda: token(info=float("nan")),
    "info without end": lambda: signed(b'{"aud":"ws_service","info":' + b"[" * 5000),
    "info far too deep": lambda: signed(
        b'{"aud":"ws_service","info":' + b"[" * 2500 + b"]" * 2500 + b"}"
    ),
    "info too deep": lambda: signed(b'{"aud":"ws_service","info":' + b"[" * 33 + b"]" * 33 + b"}"),
    "base64 that is none": lambda: token(b64info="!"),
    "base64 of no JSON": lambda: token(b64info=base64.b64encode(b"hello").decode()),
    "base64 of nothing": lambda: token(b64info="===="),
    "topics of another type": lambda: token(channels="news"),
    "subscriptions of another type": lambda: token(subs=["news"]),
    "claims that are a list": lambda: signed(b"[]"),
    "claims that are no JSON": lambda: signed(b"hello"),
    "claims that are no text": lambda: signed(b'{"sub":"\xff"}'),
    "no claims": lambda: signed(b""),
    "too big": lambda: token(info="x" * 8_000),
    "a megabyte of dots": lambda: "." * 1_000_000,
    "two parts": lambda: ".".join(token().split(".")[:2]),
    "four parts": lambda: token() + ".x",
    "a space behind": lambda: token() + " ",
    "no ASCII": lambda: token() + "é",
    "no UTF-8 form": lambda: token() + "\ud800",
    "nothing": lambda: "",
    "encrypted": lambda: "a.b.c.d.e",
}


@pytest.mark.parametrize("make", NOT_OURS.values(), ids=NOT_OURS)
def test_a_token_that_is_not_ours_is_invalid(make: Callable[[], str]) -> None:
    """Whatever somebody sends, it is one clean refusal, without a traceback or a secret."""
    text = make()
    with pytest.raises(InvalidToken) as caught:
        connect(text)
    assert len(text) < 3 or text not in str(caught.value)
    assert SECRET.decode() not in str(caught.value)


@pytest.mark.parametrize("kind", [None, 42, b"bytes", ["a"], {}])
def test_what_is_no_text_is_invalid(kind: Any) -> None:
    """A caller from outside the type checker's reach gets the same answer."""
    with pytest.raises(InvalidToken):
        connect(kind)


def test_headers_that_point_elsewhere_are_not_followed() -> None:
    """``jku``, ``x5u`` and ``jwk`` say where a key is: whoever wrote the token would choose."""
    header = {"alg": "HS256", "kid": "../../dev/null", "jku": "https://evil.example/keys"}
    assert connect(token(header)).user == "42"


def test_the_keys_of_last_year_still_verify_and_no_longer_sign() -> None:
    """A key is replaced without a moment at which nobody can connect."""
    assert connect(token(secret=EARLIER)).user == "42"
    fresh = KEYS.sign(Purpose.CONNECTION, b'{"aud":"ws_service"}')
    with pytest.raises(InvalidToken):
        replace(KEYS, connection=KEYS.connection[1:]).verify_connection(fresh, NOW_S)


def test_info_may_be_nested_as_deep_as_people_write() -> None:
    """The limit is for what nobody writes."""
    assert connect(signed(b'{"aud":"ws_service","info":' + b"[" * 32 + b"]" * 32 + b"}")).info


# Subscription tokens


def test_a_subscription_token_is_for_its_topic_and_its_user() -> None:
    """It takes the place of ``can_subscribe``."""
    claims = subscribe(token(channel="orders:42", info=[1], client="c-1"))
    assert claims == SubscriptionClaims(NOW_S + 60, [1])


@pytest.mark.parametrize(
    "asked", [{"channel": "orders:43"}, {"user": "43"}, {"user": ""}, {"client": "c-2"}]
)
def test_a_good_subscription_token_of_another_is_foreign(asked: dict[str, Any]) -> None:
    """Somebody replays it: worse than a mistake (reference, 7.2)."""
    with pytest.raises(ForeignToken):
        subscribe(token(channel="orders:42", client="c-1"), **asked)


def test_a_strangers_subscription_token_is_for_strangers_only() -> None:
    """Absent and empty are the same."""
    assert subscribe(token(channel="orders:42", sub=...), user="").info is None
    with pytest.raises(ForeignToken):
        subscribe(token(channel="orders:42", sub=...), user="42")


@pytest.mark.parametrize("channel", [..., "", None, 42, ["orders:42"]])
def test_a_subscription_token_names_a_topic(channel: Any) -> None:
    """A connection token is no permission for every topic."""
    with pytest.raises(InvalidToken):
        subscribe(token(channel=channel))


@pytest.mark.parametrize("claims", [{"exp": NOW_S}, {"nbf": NOW_S + 1}, {"expire_at": 1}])
def test_an_expired_subscription_token_is_expired_before_it_is_anything_else(
    claims: dict[str, Any],
) -> None:
    """The client then fetches one that fits."""
    with pytest.raises(TokenExpired):
        subscribe(token(channel="orders:43", **claims))


# Anything at all


def outcome(text: Any) -> str:
    try:
        connect(text)
    except TokenError as error:
        return type(error).__name__
    return "valid"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
CLAIMS = st.dictionaries(
    st.sampled_from(
        ["sub", "exp", "nbf", "iat", "expire_at", "info", "b64info", "channels", "subs", "channel"]
    ),
    JSON,
)


@settings(deadline=None)
@given(st.text() | st.binary() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_noise_is_refused_by_name(text: Any) -> None:
    """Anybody may send anything."""
    assert outcome(text) == "InvalidToken"


@settings(deadline=None)
@given(CLAIMS)
def test_signed_nonsense_is_read_or_refused_by_name(claims: dict[str, Any]) -> None:
    """The site that issues may be wrong too: no token is worth a traceback."""
    text = token(**claims)
    assert outcome(text) in ("valid", "InvalidToken", "TokenExpired")


@settings(deadline=None)
@given(st.binary(max_size=200), JSON)
def test_any_payload_and_header_are_read_or_refused_by_name(payload: bytes, header: Any) -> None:
    """JSON has many corners."""
    assert outcome(signed(payload)) == "InvalidToken"
    assert outcome(token(header)) in ("valid", "InvalidToken")


@settings(deadline=None)
@given(st.integers(min_value=0), st.characters())
def test_a_token_that_was_touched_is_invalid(index: int, character: str) -> None:
    """One character is enough."""
    text = token()
    index %= len(text)
    touched = text[:index] + character + text[index + 1 :]
    assert outcome(touched) == ("valid" if touched == text else "InvalidToken")


# Keys


def test_without_a_token_key_both_kinds_have_keys_of_their_own(settings: Any) -> None:
    """The site sets up nothing; and neither kind of token passes for the other, or a session."""
    settings.SECRET_KEY = "the site's key, which signs sessions too"
    settings.SECRET_KEY_FALLBACKS = ["the site's earlier key"]
    keys = TokenKeys.from_config(load_config())
    secrets = {key.secret for key in (*keys.connection, *keys.subscription)}
    assert len(secrets) == 4
    assert settings.SECRET_KEY.encode() not in secrets
    text = keys.sign(Purpose.CONNECTION, b'{"aud":"ws_service","channel":"orders:42"}')
    with pytest.raises(InvalidToken, match="another key"):
        keys.verify_subscription(text, "orders:42", "", "c-1", NOW_S)


def test_tokens_outlive_a_new_secret_key_as_long_as_it_is_listed(settings: Any) -> None:
    """Who rotates ``SECRET_KEY`` keeps the connections."""
    settings.SECRET_KEY = old = "the site's key, which signs sessions too"
    text = TokenKeys.from_config(load_config()).sign(Purpose.CONNECTION, b'{"aud":"ws_service"}')
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "an entirely new key for the site", [old]
    assert TokenKeys.from_config(load_config()).verify_connection(text, NOW_S).user == ""
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(InvalidToken):
        TokenKeys.from_config(load_config()).verify_connection(text, NOW_S)


def test_a_token_key_is_used_as_it_is(settings: Any) -> None:
    """Whoever issues tokens in another language has this key, and no derivation to repeat."""
    settings.WS_SERVICE = {
        "TOKEN_KEY": SECRET.decode(),
        "TOKEN_KEY_FALLBACKS": [EARLIER.decode()],
        "TOKEN_AUDIENCE": "live",
    }
    keys = TokenKeys.from_config(load_config())
    assert keys == TokenKeys(KEYS.connection, KEYS.subscription, "live")


def test_keys_are_not_shown() -> None:
    """What is logged by mistake is no secret."""
    assert SECRET.decode() not in repr(KEYS)
