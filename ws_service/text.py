"""Text that a site hands over: a ``str``, or one of Django's lazy texts."""

from typing import Any

from django.utils.functional import Promise


def text_of(given: Any) -> Any:
    """The ``str`` that a lazy text is now, in the language that is active; all else as it is."""
    return str(given) if isinstance(given, Promise) else given


def is_text(given: object) -> bool:
    """Whether this is one text, and not several things."""
    return isinstance(given, str | Promise)
