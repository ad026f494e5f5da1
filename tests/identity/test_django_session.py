from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.file import SessionStore as FileSession
from django.contrib.sessions.models import Session
from django.core.cache import caches

from ws_service.identity.django_session import read_django_session, user_of

BACKENDS = ("example.accounts.backends.EmailBackend",)
ENGINES = [
    f"django.contrib.sessions.backends.{name}"
    for name in ("db", "cached_db", "cache", "file", "signed_cookies")
]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files_stay_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Django keeps SESSION_FILE_PATH on the class, from whoever asked first.
    monkeypatch.setattr(FileSession, "_storage_path", str(tmp_path), raising=False)


@pytest.fixture
def ada() -> Any:
    return get_user_model().objects.create_user(email="ada@example.org", password="x", name="Ada")


def log_in(engine: str, user: Any) -> Any:
    store = import_module(engine).SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store["cart"] = [1, 2]
    store.save()
    return store


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engines_session_names_its_user(engine: str, ada: Any) -> None:
    """The site chooses its session engine; the service reads what it finds."""
    session = read_django_session(engine, log_in(engine, ada).session_key)
    assert user_of(session, BACKENDS) == ada
    assert session["cart"] == [1, 2]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("key", [None, "", "x", "unknownunknownunknown1234567890ab", "../../etc"])
def test_an_unknown_session_is_empty_and_creates_nothing(engine: str, key: str | None) -> None:
    """Django's file and cookie engines create a session when they fail to load one."""
    session = read_django_session(engine, key)
    assert dict(session.items()) == {}
    assert session.session_key is None
    assert not user_of(session, BACKENDS).is_authenticated
    assert Session.objects.count() == 0


@pytest.mark.promise("never-written")
def test_a_wrong_secret_key_leaves_the_session_alone(
    ada: Any, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """With Channels' own middleware a misconfigured container logs the site's users out."""
    engine = ENGINES[0]
    key = log_in(engine, ada).session_key
    before = Session.objects.get(pk=key).session_data
    settings.SECRET_KEY = "another key than the site's, by mistake in one container"
    assert not user_of(read_django_session(engine, key), BACKENDS).is_authenticated
    assert Session.objects.get(pk=key).session_data == before
    assert "SECRET_KEY or SESSION_SERIALIZER differs from the site's" in caplog.text


@pytest.mark.promise("never-written")
def test_a_wrong_secret_key_leaves_the_shared_cache_alone(ada: Any, settings: Any) -> None:
    """cached_db fills the cache while it loads: with nothing, and everybody is logged out."""
    engine = "django.contrib.sessions.backends.cached_db"
    key = log_in(engine, ada).session_key
    caches["default"].clear()
    sites_key, settings.SECRET_KEY = settings.SECRET_KEY, "another key, by mistake in one container"
    assert not user_of(read_django_session(engine, key), BACKENDS).is_authenticated
    settings.SECRET_KEY = sites_key
    assert import_module(engine).SessionStore(key)["cart"] == [1, 2]


@pytest.mark.promise("never-written")
def test_a_changed_password_makes_anonymous_and_deletes_nothing(ada: Any) -> None:
    """Django flushes such a session on the next page; that is the site's business."""
    engine = ENGINES[0]
    key = log_in(engine, ada).session_key
    ada.set_password("changed")
    ada.save()
    assert not user_of(read_django_session(engine, key), BACKENDS).is_authenticated
    assert Session.objects.filter(pk=key).exists()


def test_a_fallback_key_still_counts(ada: Any, settings: Any) -> None:
    """Keys are rotated while people are logged in."""
    engine = ENGINES[0]
    key = log_in(engine, ada).session_key
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the site's new key, long enough to be one of its keys"
    assert user_of(read_django_session(engine, key), BACKENDS) == ada


def test_an_inactive_user_is_anonymous(ada: Any) -> None:
    """Deactivation is the site's emergency brake."""
    key = log_in(ENGINES[0], ada).session_key
    ada.is_active = False
    ada.save()
    assert not user_of(read_django_session(ENGINES[0], key), BACKENDS).is_authenticated


def test_a_deleted_user_is_anonymous(ada: Any) -> None:
    """The session outlives the account."""
    key = log_in(ENGINES[0], ada).session_key
    ada.delete()
    assert not user_of(read_django_session(ENGINES[0], key), BACKENDS).is_authenticated


def test_a_back_end_that_was_removed_is_not_asked(ada: Any) -> None:
    """AUTHENTICATION_BACKENDS is the list of those who may say who somebody is."""
    key = log_in(ENGINES[0], ada).session_key
    session = read_django_session(ENGINES[0], key)
    assert not user_of(session, ("django.contrib.auth.backends.ModelBackend",)).is_authenticated


def test_a_session_without_a_hash_is_anonymous(ada: Any) -> None:
    """No proof, no user."""
    store = log_in(ENGINES[0], ada)
    del store[HASH_SESSION_KEY]
    store.save()
    assert not user_of(
        read_django_session(ENGINES[0], store.session_key), BACKENDS
    ).is_authenticated


def test_a_consumer_may_save_the_session_by_its_own_decision(ada: Any) -> None:
    """Plain consumers that write to their session keep working."""
    key = log_in(ENGINES[0], ada).session_key
    session = read_django_session(ENGINES[0], key)
    session["cart"] = [3]
    session.save()
    assert import_module(ENGINES[0]).SessionStore(key)["cart"] == [3]
