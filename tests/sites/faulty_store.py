"""A session store that is configured wrongly."""

from django.core.exceptions import ImproperlyConfigured


class SessionStore:
    def __init__(self, session_key: str | None = None) -> None:
        raise ImproperlyConfigured("no place for sessions")
