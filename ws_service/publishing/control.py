"""Telling every service process what to do with a user's connections."""

import json
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from asgiref.sync import sync_to_async
from django.utils.asyncio import async_unsafe

from ws_service.errors import InvalidControl
from ws_service.protocol.codes import Disconnect
from ws_service.publishing.broker import publisher
from ws_service.publishing.outgoing import Outgoing
from ws_service.text import text_of
from ws_service.topics import site_topics
from ws_service.topics.control import CONTROL_HISTORY, CONTROL_TOPIC

FORCE_DISCONNECT: Final = Disconnect.FORCE_DISCONNECT.value
REASON_LIMIT_BYTES: Final = 123
"""Of a close frame (RFC 6455 5.5)."""

MESSAGE_LIMIT_BYTES: Final = 16_384


@async_unsafe("disconnect_user() waits for Redis: in asynchronous code, await adisconnect_user().")
def disconnect_user(
    user_or_pk: Any,
    *,
    client: str | None = None,
    keep: Sequence[str] = (),
    code: int = FORCE_DISCONNECT.code,
    reason: str = FORCE_DISCONNECT.reason,
) -> None:
    """Close a user's connections, in all service processes, now.

    user_or_pk: a user, or a user's primary key.
    client: the id of one connection; None closes all of them.
    keep: ids of connections that stay: the one that asks for "log out everywhere else".
    code, reason: of the close. Client libraries come back after 3000 to 3499 and 4000 to 4499,
        and stay away after 3500 to 3999 and 4500 to 4999. A lazy reason is the text that it is in
        the language that is active.

    It doesn't wait for a transaction, and returns when Redis has it. A process that is cut off
    obeys when it is back, within an hour; who has connected to it in the meantime is then told to
    connect again, whatever the code. Nothing keeps the user from connecting again: that is what
    permissions are for.

    Raises InvalidControl, BrokerUnavailable.
    """
    if isinstance(code, bool) or not isinstance(code, int) or not 3000 <= code <= 4999:
        raise InvalidControl(f"a connection can't be closed with {code!r}: 3000 to 4999 can be")
    reason = text_of(reason)
    if not isinstance(reason, str):
        raise InvalidControl(f"the reason of a close is text, not {type(reason).__name__}")
    if len(reason.encode(errors="replace")) > REASON_LIMIT_BYTES:
        raise InvalidControl(f"the reason of a close has {REASON_LIMIT_BYTES} bytes at most")
    if _is_json(reason):
        # Two client libraries would read advice out of it, and stay away.
        raise InvalidControl(f"the reason of a close is words, not JSON: {reason!r}")
    if isinstance(keep, str) or not all(isinstance(each, str) for each in keep):
        raise InvalidControl(f"keep is a list of client ids, not {keep!r}")
    _tell(
        {
            "do": "disconnect",
            "user": _user_id(user_or_pk),
            "client": client or "",
            "keep": list(keep),
            "code": code,
            "reason": reason,
        }
    )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


async def adisconnect_user(
    user_or_pk: Any,
    *,
    client: str | None = None,
    keep: Sequence[str] = (),
    code: int = FORCE_DISCONNECT.code,
    reason: str = FORCE_DISCONNECT.reason,
) -> None:
    """``disconnect_user()`` for asynchronous code."""
    call = sync_to_async(disconnect_user, thread_sensitive=True)
    await call(user_or_pk, client=client, keep=keep, code=code, reason=reason)


@async_unsafe(
    "unsubscribe_user() waits for Redis: in asynchronous code, await aunsubscribe_user()."
)
def unsubscribe_user(user_or_pk: Any, topic: str, *, client: str | None = None) -> None:
    """End a user's subscriptions to a topic, in all service processes, now.

    client: the id of one connection; None ends it on all of them.

    The clients' ``unsubscribed`` event says so, and they don't subscribe again by themselves. As
    for time and outages it does as ``disconnect_user()`` does.

    Raises UnknownTopic, InvalidTopicName, InvalidControl, BrokerUnavailable.
    """
    channel = site_topics().match(topic).name
    user = _user_id(user_or_pk)
    _tell({"do": "unsubscribe", "user": user, "channel": channel, "client": client or ""})


async def aunsubscribe_user(user_or_pk: Any, topic: str, *, client: str | None = None) -> None:
    """``unsubscribe_user()`` for asynchronous code."""
    call = sync_to_async(unsubscribe_user, thread_sensitive=True)
    await call(user_or_pk, topic, client=client)


def _user_id(user_or_pk: Any) -> str:
    pk = getattr(user_or_pk, "pk", user_or_pk)
    user_id = "" if pk is None else str(pk)
    if not user_id:
        raise InvalidControl("nobody is meant: an anonymous user, or one that was never saved")
    return user_id


def _tell(order: dict[str, Any]) -> None:
    try:
        message = msgspec.json.encode({**order, "at": time.time()})
    except (TypeError, UnicodeEncodeError) as error:
        raise InvalidControl(f"this can't be told: {error}") from error
    if len(message) > MESSAGE_LIMIT_BYTES:
        raise InvalidControl(f"{len(message)} bytes are too many: {MESSAGE_LIMIT_BYTES} at most")
    publisher().send([Outgoing(CONTROL_TOPIC, message, b"", CONTROL_HISTORY, None)])
