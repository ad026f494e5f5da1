"""Whom a token names."""

import subprocess
import sys
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from tests.live import CHECKOUT
from ws_service.errors import UnknownUser
from ws_service.identity.users import anonymous, user_of_claims


@pytest.fixture
def ada(db: None) -> Any:
    return get_user_model().objects.create_user(email="ada@example.org", password="x", name="Ada")


def test_a_token_names_a_user_of_the_site(ada: Any) -> None:
    """Policies get the site's own user model."""
    assert user_of_claims(str(ada.pk)) == ada


def test_an_empty_subject_is_anonymous_and_asks_nobody() -> None:
    """A stranger costs no query (there is no database in this test)."""
    assert user_of_claims("").is_anonymous
    assert type(anonymous()).__name__ == "AnonymousUser"


@pytest.mark.parametrize("spelling", ["0{}", " {}", "{}.0", "+{}", "x", "9" * 40, "-1", "٣"])
def test_nobody_has_such_an_id(ada: Any, spelling: str) -> None:
    """One user, one id: a second spelling would escape a disconnect."""
    with pytest.raises(UnknownUser):
        user_of_claims(spelling.format(ada.pk))


def test_who_was_deactivated_has_no_use_for_an_old_token(ada: Any) -> None:
    """Tokens live for minutes, and a user may be locked out sooner."""
    ada.is_active = False
    ada.save()
    with pytest.raises(UnknownUser):
        user_of_claims(str(ada.pk))


def test_without_a_user_model_the_token_alone_says_who_somebody_is() -> None:
    """The gateway has no database of users."""
    code = """
import sys
from django.conf import settings
settings.configure(INSTALLED_APPS=["ws_service"])
import django
django.setup()
from ws_service.identity.users import anonymous, user_of_claims
user = user_of_claims("42")
assert (user.pk, user.id, str(user)) == ("42", "42", "42")
assert user.is_authenticated and user.is_active and not user.is_anonymous
assert user == user_of_claims("42") != user_of_claims("43")
for stranger in (user_of_claims(""), anonymous()):
    assert stranger.is_anonymous and not stranger.is_authenticated and stranger.pk is None
assert "django.contrib.auth.models" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, check=True, timeout=60)
