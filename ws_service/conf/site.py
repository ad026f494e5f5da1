"""What the site's own settings say, as far as it concerns the service."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured


def installed_apps() -> Sequence[str]:
    """``settings.INSTALLED_APPS``; none before the settings could be read."""
    return tuple(django_settings.INSTALLED_APPS) if django_settings.configured else ()


def has_users() -> bool:
    """Whether the site's users are in its database."""
    return apps.is_installed("django.contrib.auth")


def secret_keys() -> tuple[bytes, ...]:
    """The site's key and its earlier ones, of which keys for tokens are made; () without one."""
    try:
        keys = (django_settings.SECRET_KEY, *django_settings.SECRET_KEY_FALLBACKS)
    except ImproperlyConfigured:  # Django minds an empty key when it is used
        return ()
    return tuple(key.encode() if isinstance(key, str) else key for key in keys)


def channel_layer_settings() -> Mapping[str, Mapping[str, Any]]:
    """``settings.CHANNEL_LAYERS``, for the checks."""
    return getattr(django_settings, "CHANNEL_LAYERS", {})
