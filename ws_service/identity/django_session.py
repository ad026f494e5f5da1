"""The Django session behind a cookie, read without a trace.

Django's own middleware may write: it rotates keys, flushes a session whose hash does not match,
and some back ends create or delete when they load. In a second container, whose settings may be
wrong, that would log the site's users out. So nothing here writes.
"""

import logging
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
    load_backend,
)
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import BaseCache
from django.utils.crypto import constant_time_compare

from ws_service.identity.users import anonymous

if TYPE_CHECKING:  # without the app in INSTALLED_APPS its models can't be imported
    from django.contrib.auth.models import AnonymousUser

logger = logging.getLogger(__name__)

User: TypeAlias = "AbstractBaseUser | AnonymousUser"


class ReadOnlyCache:
    """What a session store may do with the site's cache while it loads: look."""

    def __init__(self, cache: BaseCache) -> None:
        self.get = cache.get

    def set(self, *args: object, **kwargs: object) -> None:
        """Forget it."""


@lru_cache
def _stores(engine: str) -> tuple[type[SessionBase], type[SessionBase]]:
    """The engine's store, and the same store with everything that writes taken out."""
    store: type[SessionBase] = import_module(engine).SessionStore

    class ReadOnlyStore(store):  # type: ignore[misc, valid-type]  # the engine is a setting
        def __init__(self, session_key: str | None = None) -> None:
            super().__init__(session_key)
            cache = getattr(self, "_cache", None)
            if cache is not None:
                # cached_db fills the shared cache when it loads: with {} if it can't decode.
                self._cache = ReadOnlyCache(cache)

        def decode(self, session_data: str) -> dict[str, Any]:
            data: dict[str, Any] = super().decode(session_data)
            if not data:
                logger.warning(
                    "A Django session can't be decoded: this container's SECRET_KEY or"
                    " SESSION_SERIALIZER differs from the site's. Treated as anonymous."
                )
            return data

        def does_nothing(self, *args: object, **kwargs: object) -> None:
            """Loading a missing or spoilt session must not create or delete one."""

        create = save = delete = flush = cycle_key = does_nothing

    # The class's name is part of the salt that sessions are signed with (SessionBase.key_salt).
    ReadOnlyStore.__qualname__ = store.__qualname__
    return store, ReadOnlyStore


def read_django_session(engine: str, session_key: str | None) -> SessionBase:
    """Load a session as the site's own store, its data read and its row left alone.

    A missing, expired or undecodable session comes back empty and without a key. May block;
    raises whatever the store raises when it can't be reached.
    """
    store, read_only = _stores(engine)
    reader = read_only(session_key)
    data: dict[str, Any] = reader.load() if reader.session_key else {}
    session = store(reader.session_key if data else None)
    # The cache that SessionBase fills on first access: a consumer reads without a second
    # query, and one that calls save() does so by its own decision.
    session._session_cache = data  # type: ignore[attr-defined]  # not in the stubs
    return session


def user_of(session: SessionBase, authentication_backends: tuple[str, ...]) -> User:
    """The user whom the session names, verified as ``django.contrib.auth.get_user`` does.

    Somebody anonymous for an empty session, an unlisted back end, a user that is gone or inactive,
    and a session hash that neither SECRET_KEY nor its fallbacks confirm. May block.
    """
    stranger: User = anonymous()
    stored_id = session.get(SESSION_KEY)
    backend_path = session.get(BACKEND_SESSION_KEY)
    if stored_id is None or backend_path not in authentication_backends:
        return stranger
    user_id = get_user_model()._meta.pk.to_python(stored_id)
    user = load_backend(backend_path).get_user(user_id)
    if user is None:
        return stranger
    if hasattr(user, "get_session_auth_hash") and not _hash_matches(session, user):
        logger.warning(
            "Session hash of user %s does not match: the password was changed, or this"
            " container's SECRET_KEY differs from the site's. Treated as anonymous.",
            user_id,
        )
        return stranger
    return user


def _hash_matches(session: SessionBase, user: AbstractBaseUser) -> bool:
    stored_hash = session.get(HASH_SESSION_KEY)
    if not stored_hash:
        return False
    if constant_time_compare(stored_hash, user.get_session_auth_hash()):
        return True
    fallbacks = user.get_session_auth_fallback_hash()
    return any(constant_time_compare(stored_hash, each) for each in fallbacks)
