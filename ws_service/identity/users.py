"""Who a token names, and who has no name; also where there are no users in a database."""

from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from ws_service.errors import UnknownUser

AUTH: Final = "django.contrib.auth"


@dataclass(frozen=True, slots=True)
class TokenUser:
    """A user of whom only the id is known: where ``django.contrib.auth`` isn't installed."""

    pk: str
    is_active: bool = True
    is_anonymous: bool = False
    is_authenticated: bool = True

    @property
    def id(self) -> str:
        return self.pk

    def __str__(self) -> str:
        return self.pk


@dataclass(frozen=True, slots=True)
class AnonymousVisitor:
    """Somebody without a name, where ``django.contrib.auth`` isn't installed."""

    pk: None = None
    is_active: bool = False
    is_anonymous: bool = True
    is_authenticated: bool = False

    @property
    def id(self) -> None:
        return self.pk

    def __str__(self) -> str:
        return "AnonymousUser"


def anonymous() -> Any:
    """Whoever connects without a name: Django's AnonymousUser, where it may be imported."""
    if not apps.is_installed(AUTH):
        return AnonymousVisitor()
    # Not at import time: without the app in INSTALLED_APPS its models can't be imported.
    from django.contrib.auth.models import AnonymousUser

    return AnonymousUser()


def user_of_claims(user_id: str) -> Any:
    """The user whom a token names: the site's own, checked to be active.

    user_id: ``str(user.pk)``; ``""`` is anonymous. Without ``django.contrib.auth`` there is nobody
    to ask, and the id is believed. May block.
    Raises UnknownUser, and whatever the database raises when it can't be reached.
    """
    if not user_id:
        return anonymous()
    if not apps.is_installed(AUTH):
        return TokenUser(user_id)
    model = get_user_model()
    try:
        user = model._default_manager.get(pk=model._meta.pk.to_python(user_id))
    except (model.DoesNotExist, ValidationError):
        raise UnknownUser("no user has this id") from None
    # "007" beside "7": with two names, a user's own topic and a disconnect would miss the other.
    if str(user.pk) != user_id:
        raise UnknownUser("no user has exactly this id")
    if not user.is_active:
        raise UnknownUser("the user is not active")
    return user
