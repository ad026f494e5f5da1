"""The classic mistakes in consumers, recognised in the class or by the exception they end in."""

import re
from difflib import get_close_matches
from inspect import iscoroutinefunction
from typing import Final

from channels.consumer import SyncConsumer
from channels.exceptions import InvalidChannelLayerError
from django.core.exceptions import SynchronousOnlyOperation

_CALLED_BY_CHANNELS: Final = ("connect", "receive", "receive_json", "disconnect")
_NO_HANDLER: Final = re.compile(r"No handler for message type (?P<type>.+)")


def explain(error: Exception, consumer_class: type) -> str | None:
    """Say what to write instead, or None for an error that is no classic."""
    name = consumer_class.__name__
    text = str(error)
    if match := _NO_HANDLER.search(text):
        return _missing_handler(match["type"], consumer_class)
    if isinstance(error, InvalidChannelLayerError) or (
        isinstance(error, AttributeError) and "'NoneType' object has no attribute 'group_" in text
    ):
        return f"{name} uses groups: configure CHANNEL_LAYERS with a Redis channel layer."
    if isinstance(error, SynchronousOnlyOperation):
        return (
            f"{name} is asynchronous and calls the ORM's synchronous methods: use their a-variants"
            " (aget, acreate, async for), or wrap the code in database_sync_to_async."
        )
    if isinstance(error, TypeError) and "can't be used in 'await' expression" in text:
        return f"{name} is asynchronous: its handlers must be written `async def`."
    if "AsyncToSync" in text and "same thread" in text:
        return f"{name} is asynchronous: await the coroutine instead of async_to_sync()."
    return None


def miscoloured(consumer_class: type) -> list[str]:
    """Methods that Channels calls and that are ``def`` where ``async def`` is due, or vice versa.

    Python says nothing: a coroutine that is never awaited simply doesn't run.
    """
    is_sync = issubclass(consumer_class, SyncConsumer)
    wrong = [
        name
        for name in _CALLED_BY_CHANNELS
        if (method := getattr(consumer_class, name, None)) is not None
        and iscoroutinefunction(method) is is_sync
    ]
    kind, due = ("synchronous", "def") if is_sync else ("asynchronous", "async def")
    name = f"{consumer_class.__module__}.{consumer_class.__qualname__}"
    return [f"{name} is {kind}: write `{due} {method}(…)`." for method in wrong]


def _missing_handler(event_type: str, consumer_class: type) -> str:
    method = event_type.replace(".", "_")
    keyword = "def" if getattr(consumer_class, "_sync", False) else "async def"
    sentence = (
        f"Channels calls the method named after the event's type, with dots turned into"
        f" underscores: {consumer_class.__name__} needs `{keyword} {method}(self, event)`."
    )
    if event_type in dir(consumer_class):
        return f"{sentence} It has an attribute {event_type!r}, which is never looked up."
    own = [name for name in vars(consumer_class) if not name.startswith("_")]
    if near := get_close_matches(method.lower(), own, n=1, cutoff=0.7):
        return f"{sentence} It has {near[0]!r}: is that the one?"
    return sentence
