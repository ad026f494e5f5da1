"""What the site does beside publishing, by the library's own functions."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib.auth import get_user_model

import ws_service
from ws_service.identity.tokens import Purpose
from ws_service.tokens import token_keys


def user(name: str) -> str:
    """A demo user's id, as it is on the wire."""
    return str(_user(name).pk)


def token(
    user: str, channel: str | None = None, expires_in: float | None = None, info: Any = None
) -> str:
    """For a connection, or for a topic."""
    if channel is None:
        return ws_service.connection_token(_user(user), expires_in=expires_in, info=info)
    return ws_service.subscription_token(_user(user), channel, expires_in=expires_in, info=info)


def expired_token(user: str, channel: str | None = None) -> str:
    """One that was good until a minute ago; the library itself makes none."""
    purpose = Purpose.SUBSCRIPTION if channel else Purpose.CONNECTION
    now_s = int(time.time())
    claims = {"aud": "ws_service", "sub": str(_user(user).pk), "exp": now_s - 60}
    if channel:
        claims["channel"] = channel
    return token_keys().sign(purpose, json.dumps(claims).encode())


def presence(topic: str) -> Any:
    """{"clients": {client: [user, chan_info]}, "stats": [clients, users]}."""
    stats = ws_service.get_presence_stats(topic)
    return {
        "clients": {
            id_: [who.user, who.chan_info] for id_, who in ws_service.get_presence(topic).items()
        },
        "stats": [stats.num_clients, stats.num_users],
    }


def kept(topic: str) -> list[int]:
    """The offsets of what a topic's history has in the store."""
    return [each.offset for each in ws_service.get_history(topic).publications]


def publish(topic: str, data: Any, **options: Any) -> None:
    ws_service.publish(topic, data, on_commit=False, **options)


def disconnect(user: str, keep: Sequence[str] = (), **end: Any) -> None:
    """end: code and reason."""
    ws_service.disconnect_user(_user(user), keep=keep, **end)


def unsubscribe(user: str, topic: str) -> None:
    ws_service.unsubscribe_user(_user(user), topic)


def _user(name: str) -> Any:
    return get_user_model().objects.get(name=name)


ACTIONS: Mapping[str, Callable[..., Any]] = {
    "user": user,
    "token": token,
    "expired_token": expired_token,
    "presence": presence,
    "kept": kept,
    "publish": publish,
    "disconnect_user": disconnect,
    "unsubscribe_user": unsubscribe,
}
