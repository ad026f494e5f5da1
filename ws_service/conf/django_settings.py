"""Types of the site's own settings, as far as the service reads them: Django minds few of them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.conf import settings as django_settings

_LISTS: Final = ("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "AUTHENTICATION_BACKENDS")
_TEXTS: Final = ("SESSION_ENGINE", "SESSION_COOKIE_NAME", "CSRF_HEADER_NAME")
_LAYER: Final = '{"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", …}}'


def ill_typed_settings() -> Iterator[tuple[str, str]]:
    """What is wrong, and what mends it. No values: some are secrets."""
    for name in _LISTS:
        value = getattr(django_settings, name)
        if not isinstance(value, list | tuple | set | frozenset):
            yield f"{name} must be a list, not {type(value).__name__}.", _list_of(value)
        elif not all(isinstance(each, str) for each in value):
            yield f"{name} must hold strings only.", 'Write ["…", "…"].'
    for name in _TEXTS:
        value = getattr(django_settings, name)
        if not isinstance(value, str) or not value:
            yield f"{name} must be a str that is not empty.", "Leave it out for Django's default."
    layers = getattr(django_settings, "CHANNEL_LAYERS", {})
    if trouble := _layers_trouble(layers):
        yield f"CHANNEL_LAYERS{trouble}.", f"Write CHANNEL_LAYERS = {_LAYER}."


def _list_of(value: object) -> str:
    return "Write it in brackets: [ … ]." if isinstance(value, str) else "Write a list: [ … ]."


def _layers_trouble(layers: Any) -> str | None:
    if not isinstance(layers, Mapping):
        return f" must be a dict, not {type(layers).__name__}"
    for alias, layer in layers.items():
        if not isinstance(layer, Mapping):
            return f"[{alias!r}] must be a dict, not {type(layer).__name__}"
        if not isinstance(layer.get("BACKEND"), str):
            return f"[{alias!r}]['BACKEND'] must be a dotted path"
        if not isinstance(layer.get("CONFIG", {}), Mapping):
            return f"[{alias!r}]['CONFIG'] must be a dict, not {type(layer['CONFIG']).__name__}"
    return None
