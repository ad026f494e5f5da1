"""What a setting names by a dotted path: can it be imported, and used as it will be?"""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string


def trouble_with(path: str, use: Callable[[Any], object]) -> str | None:
    """What is wrong with what the path names; None for nothing.

    use: does with it what a handshake does. Only an error that says that it is wrongly configured
        or called counts: a store that can't be reached now may be later.
    """
    try:
        named = import_string(path)
    except Exception as error:  # noqa: BLE001 - whatever the site's code raises is said
        return f"can't be imported: {_text(error)}"
    try:
        use(named)
    except (ImproperlyConfigured, TypeError) as error:
        return f"can't be used: {_text(error)}"
    except Exception:  # noqa: BLE001 - it may be able to later
        return None
    return None


def _text(error: Exception) -> str:
    """The error's text, after its name unless the text says as much alone."""
    if isinstance(error, ImportError | ImproperlyConfigured):
        return str(error).rstrip(".")
    return f"{type(error).__name__}: {error}".rstrip(".")
