"""Signed tokens: who somebody is, or that they may see a topic, said by the site in advance.

The claims are those of Centrifugo (protocol reference, section 7). Nothing here reads a clock, a
setting or a database, and neither a token nor a key is ever part of an exception's text.
"""

import hmac
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final
from unicodedata import category

import jwt
import msgspec
from msgspec import UNSET, UnsetType

from ws_service.conf import ServiceConfig
from ws_service.errors import ForeignToken, InvalidToken, TokenExpired
from ws_service.readable import is_shallow

TOKEN_LIMIT_BYTES: Final = 8_192
USER_LIMIT_BYTES: Final = 255
NESTING_LIMIT: Final = 32
"""Of ``info``: it is sent to others, whose JSON libraries have limits of their own."""

LATEST_S: Final = 253_402_300_800
"""The year 10000. A time beyond it was written in milliseconds, or to do harm."""

_ALGORITHM: Final = "HS256"
# Headers that would change how the rest is to be read (RFC 7515 4.1.11, RFC 7797).
_CRITICAL: Final = frozenset(("crit", "b64"))

_jws: Final = jwt.PyJWS(algorithms=[_ALGORITHM])


class Purpose(Enum):
    """What a token is for; each has keys of its own where they are derived from ``SECRET_KEY``."""

    CONNECTION = "connection"
    SUBSCRIPTION = "subscription"


@dataclass(frozen=True, slots=True)
class Key:
    """A secret, and the one algorithm that it may be used with."""

    secret: bytes = field(repr=False)
    algorithm: str = _ALGORITHM


@dataclass(frozen=True, slots=True)
class ServerSubscription:
    """What a connection token says of a topic to which its bearer is subscribed at once.

    info: what others see of the bearer there.
    """

    info: Any = None


@dataclass(frozen=True, slots=True)
class ConnectionClaims:
    """What a valid connection token says.

    user: the user's id, ``""`` for anonymous. expires_at: when the connection ends, as a Unix
    time, unless it is refreshed; None for never, and otherwise later than now. info: what others
    see of the connection. channels: topics to subscribe to without asking.
    """

    user: str
    expires_at: float | None = None
    info: Any = None
    channels: Mapping[str, ServerSubscription] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SubscriptionClaims:
    """What a valid subscription token says; see ConnectionClaims."""

    expires_at: float | None = None
    info: Any = None


class _Subscription(msgspec.Struct, kw_only=True):
    info: Any = None
    b64info: str = ""


class _Claims(msgspec.Struct, kw_only=True):
    """Every claim with a meaning here, and its only type; others are nobody's business."""

    sub: str = ""
    exp: int | float | UnsetType = UNSET
    nbf: int | float | UnsetType = UNSET
    iat: int | float | UnsetType = UNSET
    expire_at: int | float | UnsetType = UNSET
    aud: str | list[str] | UnsetType = UNSET
    info: Any = None
    b64info: str = ""
    # None as well: that is what Go writes for a map or a slice that was never made.
    channels: list[str] | None = None
    subs: dict[str, _Subscription | None] | None = None
    channel: str | UnsetType | None = UNSET
    client: str = ""


_decoder: Final = msgspec.json.Decoder(_Claims)


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """The keys of a deployment: the first of each purpose signs, all of them verify.

    audience: what ``aud`` must name, so that the site's other tokens are none of these.
    """

    connection: tuple[Key, ...]
    subscription: tuple[Key, ...]
    audience: str

    @classmethod
    def from_config(cls, config: ServiceConfig) -> "TokenKeys":
        """``TOKEN_KEY`` as it is, or keys derived from the site's ``SECRET_KEY``."""
        if config.token_key is not None:
            given = (config.token_key, *config.token_key_fallbacks)
            keys = tuple(Key(secret.encode()) for secret in given)
            return cls(keys, keys, config.token_audience)
        return cls(
            _derived(config.secret_keys, Purpose.CONNECTION),
            _derived(config.secret_keys, Purpose.SUBSCRIPTION),
            config.token_audience,
        )

    def sign(self, purpose: Purpose, claims: bytes) -> str:
        """A token of these claims, a JSON object."""
        key = self._keys_of(purpose)[0]
        return _jws.encode(claims, key.secret, key.algorithm)

    def verify_connection(self, token: str, now_s: float) -> ConnectionClaims:
        """What a connection token says (reference, 7.1).

        now_s: the Unix time.
        Raises TokenExpired, also for what is not valid yet, and InvalidToken.
        """
        claims = self._verified(Purpose.CONNECTION, token)
        if claims.channel is not UNSET:
            raise InvalidToken("a subscription token can't open a connection")
        expires_at = _expiry(claims, now_s)
        return ConnectionClaims(
            claims.sub,
            expires_at,
            _json(claims.info, claims.b64info),
            _server_subscriptions(claims),
        )

    def verify_subscription(
        self, token: str, channel: str, user: str, client: str, now_s: float
    ) -> SubscriptionClaims:
        """What a subscription token says (reference, 7.2).

        channel, user, client: who asks for which topic; the user's id is ``""`` for anonymous.
        Raises TokenExpired, also for what is not valid yet, InvalidToken, and ForeignToken when
        the token is good, and another's.
        """
        claims = self._verified(Purpose.SUBSCRIPTION, token)
        if not isinstance(claims.channel, str) or not claims.channel:
            raise InvalidToken("a subscription token names its topic")
        expires_at = _expiry(claims, now_s)
        info = _json(claims.info, claims.b64info)
        if claims.channel != channel:
            raise ForeignToken("the token is for another topic")
        if claims.sub != user:
            raise ForeignToken("the token is for another user")
        if claims.client and claims.client != client:
            raise ForeignToken("the token is for another connection")
        return SubscriptionClaims(expires_at, info)

    def _keys_of(self, purpose: Purpose) -> tuple[Key, ...]:
        return self.connection if purpose is Purpose.CONNECTION else self.subscription

    def _verified(self, purpose: Purpose, token: str) -> _Claims:
        """The claims of a token that this deployment has signed for itself."""
        payload = _payload(token, self._keys_of(purpose))
        try:
            claims = _decoder.decode(payload)
        except (ValueError, RecursionError):
            raise InvalidToken("its claims can't be read, or have wrong types") from None
        times = (claims.exp, claims.nbf, claims.iat, claims.expire_at)
        if not all(isinstance(t, UnsetType) or abs(t) < LATEST_S for t in times):
            raise InvalidToken("its times are not in seconds since 1970")
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if isinstance(audiences, UnsetType) or self.audience not in audiences:
            raise InvalidToken(f"its audience (aud) is not {self.audience!r}")
        if claims.sub and not is_user_id(claims.sub):
            raise InvalidToken("its subject (sub) can't be the id of a user")
        return claims


def _derived(secret_keys: tuple[bytes, ...], purpose: Purpose) -> tuple[Key, ...]:
    salt = f"ws_service.tokens.v1.{purpose.value}".encode()
    return tuple(Key(hmac.digest(each, salt, "sha256").hex().encode()) for each in secret_keys)


def _payload(token: str, keys: tuple[Key, ...]) -> bytes:
    """What is signed by one of these keys. Raises InvalidToken."""
    try:
        raw = token.encode()
    except (AttributeError, UnicodeEncodeError):
        raise InvalidToken("it is no text") from None
    if len(raw) > TOKEN_LIMIT_BYTES:
        raise InvalidToken(f"it has more than {TOKEN_LIMIT_BYTES} bytes")
    for key in keys:
        try:
            found = _jws.decode_complete(raw, key.secret, [key.algorithm])
        except jwt.InvalidSignatureError:
            continue  # perhaps by an earlier key
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise InvalidToken(f"it is no JWT that is signed with {key.algorithm}") from None
        if not _CRITICAL.isdisjoint(found["header"]):
            raise InvalidToken("its header asks for an extension") from None
        payload: bytes = found["payload"]
        return payload
    raise InvalidToken("it is signed with another key")


def is_user_id(text: str) -> bool:
    """Whether a token can name a user so: 1 to 255 bytes of UTF-8 without control characters."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return False
    has_controls = any(category(character) == "Cc" for character in text)
    return 1 <= size <= USER_LIMIT_BYTES and not has_controls


def _expiry(claims: _Claims, now_s: float) -> float | None:
    """When what the token allows ends, None for never. Raises TokenExpired."""
    if not isinstance(claims.nbf, UnsetType) and now_s < claims.nbf:
        raise TokenExpired("it is not valid yet")
    if not isinstance(claims.exp, UnsetType) and now_s >= claims.exp:
        raise TokenExpired("it has expired")
    if isinstance(claims.expire_at, UnsetType):
        return None if isinstance(claims.exp, UnsetType) else claims.exp
    if claims.expire_at == 0:
        return None
    if now_s >= claims.expire_at:
        raise TokenExpired("what it allowed has ended")
    return claims.expire_at


def _server_subscriptions(claims: _Claims) -> Mapping[str, ServerSubscription]:
    if claims.subs:
        options = {name: given or _Subscription() for name, given in claims.subs.items()}
        return {
            name: ServerSubscription(_json(given.info, given.b64info))
            for name, given in options.items()
        }
    return {name: ServerSubscription() for name in claims.channels or ()}


def _json(data: Any, encoded: str) -> Any:
    """Data that can be sent on: as it is, or from the base64 form, which wins.

    Raises InvalidToken.
    """
    try:
        if encoded:
            data = msgspec.json.decode(b64decode(encoded, validate=True))
        msgspec.json.encode(data)
    except (ValueError, OverflowError, RecursionError):
        raise InvalidToken("the JSON in it can't be sent to others") from None
    if not is_shallow(data, NESTING_LIMIT):
        raise InvalidToken(f"the JSON in it is nested more than {NESTING_LIMIT} times")
    return data
