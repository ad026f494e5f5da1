"""Tokens that the site gives to its users: ``connection_token()`` and ``subscription_token()``."""

import json
import time
from datetime import timedelta
from functools import cache, partial
from math import ceil, isfinite
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.core.serializers.json import DjangoJSONEncoder
from django.core.signals import setting_changed

from ws_service.conf import load_config
from ws_service.errors import InvalidPayload
from ws_service.identity.tokens import (
    NESTING_LIMIT,
    TOKEN_LIMIT_BYTES,
    USER_LIMIT_BYTES,
    Purpose,
    TokenKeys,
    is_user_id,
)
from ws_service.readable import is_shallow
from ws_service.topics.names import check_name

DEFAULT_LIFE_S: Final = 600.0
LONGEST_LIFE_S: Final = 10 * 365 * 24 * 3600.0


def connection_token(
    user: Any, *, expires_in: timedelta | float | None = None, info: Any = None
) -> str:
    """A token by which a user's client may connect, without a cookie.

    user: a user of the site; for an anonymous one the token lets somebody in without a name.
    expires_in: how long the token, and the connection without a newer one, is good for; seconds
        or a timedelta, 10 minutes by default. Whole seconds, rounded up.
    info: small JSON data that others see of this connection, as ``conn_info``.

    Asks neither the database nor Redis (a lazy ``request.user`` may: then in asynchronous code
    ``await aconnection_token()``). Safe for threads.
    Raises ValueError for a user who isn't saved, whose id has control characters or more than 255
    bytes, or a life that is none; InvalidPayload for ``info`` that is no JSON, is nested more than
    32 levels deep, or makes the token larger than 8 KiB.
    """
    return _signed(Purpose.CONNECTION, user, {}, expires_in, info)


async def aconnection_token(
    user: Any, *, expires_in: timedelta | float | None = None, info: Any = None
) -> str:
    """``connection_token()`` for asynchronous code."""
    call = partial(connection_token, user, expires_in=expires_in, info=info)
    return await sync_to_async(call, thread_sensitive=True)()


def subscription_token(
    user: Any, topic: str, *, expires_in: timedelta | float | None = None, info: Any = None
) -> str:
    """A token by which a user's client may subscribe to one topic.

    It is the whole permission: ``can_subscribe`` is not asked again before the token ends. So ask
    before you give one. Only this user's connections can use it.

    user, expires_in, info, and what is raised: as for ``connection_token()``; ``info`` is seen as
    ``chan_info``. topic: its whole name, ``"orders:42"``. Raises InvalidTopicName too.
    """
    return _signed(Purpose.SUBSCRIPTION, user, {"channel": check_name(topic)}, expires_in, info)


async def asubscription_token(
    user: Any, topic: str, *, expires_in: timedelta | float | None = None, info: Any = None
) -> str:
    """``subscription_token()`` for asynchronous code."""
    call = partial(subscription_token, user, topic, expires_in=expires_in, info=info)
    return await sync_to_async(call, thread_sensitive=True)()


@cache
def token_keys() -> TokenKeys:
    """The keys of the settings in force.

    Raises InvalidSettings, ImproperlyConfigured where there is no key at all.
    """
    keys = TokenKeys.from_config(load_config())
    if not keys.connection:
        raise ImproperlyConfigured(
            "There is no key to sign tokens with: set WS_SERVICE['TOKEN_KEY'], the same as in the"
            " service, or start with the site's SECRET_KEY."
        )
    return keys


def _signed(
    purpose: Purpose,
    user: Any,
    claims: dict[str, str],
    expires_in: timedelta | float | None,
    info: Any,
) -> str:
    keys = token_keys()
    now_s = time.time()
    whole: dict[str, Any] = {
        "aud": keys.audience,
        "sub": _id_of(user),
        "iat": int(now_s),
        "exp": ceil(now_s + _seconds(expires_in)),
        **claims,
    }
    if info is not None:
        whole["info"] = info
    token = keys.sign(purpose, _encoded(whole))
    if len(token) > TOKEN_LIMIT_BYTES:
        raise InvalidPayload(
            f"with this info a token has {len(token)} bytes, more than {TOKEN_LIMIT_BYTES}"
        )
    return token


def _id_of(user: Any) -> str:
    if not user.is_authenticated:
        return ""
    if user.pk is None:
        raise ValueError("the user is not saved yet: a token can't name somebody without an id")
    user_id = str(user.pk)
    if not is_user_id(user_id):
        raise ValueError(
            f"the user's id is {user_id!r}: a token names an id of 1 to {USER_LIMIT_BYTES} bytes"
            " of UTF-8 without control characters"
        )
    return user_id


def _seconds(expires_in: timedelta | float | None) -> float:
    if expires_in is None:
        return DEFAULT_LIFE_S
    seconds = expires_in.total_seconds() if isinstance(expires_in, timedelta) else expires_in
    if isinstance(seconds, bool) or not isfinite(seconds) or not 0 < seconds <= LONGEST_LIFE_S:
        raise ValueError(f"expires_in={expires_in!r}: more than nothing, and ten years at most")
    return seconds


def _encoded(claims: dict[str, Any]) -> bytes:
    try:
        text = json.dumps(
            claims,
            cls=DjangoJSONEncoder,
            allow_nan=False,
            ensure_ascii=False,
            separators=(",", ":"),
        )
        encoded = text.encode()
        # The claims are a level themselves.
        if not is_shallow(json.loads(encoded), NESTING_LIMIT + 1):
            raise ValueError(f"it is nested more than {NESTING_LIMIT} levels deep")
        return encoded
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidPayload(f"info can't be part of a token: {error}") from error


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting in ("WS_SERVICE", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "INSTALLED_APPS"):
        token_keys.cache_clear()


setting_changed.connect(_forget, dispatch_uid="ws_service.tokens")
