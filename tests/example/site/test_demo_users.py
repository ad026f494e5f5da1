"""The management command that makes the people of the demonstration."""

from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from example.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _debug(settings: Any) -> None:
    settings.DEBUG = True


def test_it_makes_three_people_and_one_of_them_is_the_admin() -> None:
    """The README names them."""
    call_command("demo_users", verbosity=0)

    people = {user.email: (user.get_short_name(), user.is_superuser) for user in User.objects.all()}
    assert people == {
        "ada@example.org": ("Ada", False),
        "grace@example.org": ("Grace", False),
        "admin@example.org": ("Admin", True),
    }
    assert authenticate(username="admin@example.org", password="demo").is_staff


def test_a_second_run_ends_no_login() -> None:
    """Every start of the demonstration runs it, with browsers still logged in."""
    call_command("demo_users", verbosity=0)
    before = {user.pk: user.get_session_auth_hash() for user in User.objects.all()}

    call_command("demo_users", verbosity=0)

    assert {user.pk: user.get_session_auth_hash() for user in User.objects.all()} == before


def test_it_puts_back_what_was_changed() -> None:
    """Somebody played with the admin yesterday."""
    call_command("demo_users", verbosity=0)
    ada = User.objects.get(email="ada@example.org")
    ada.is_active, ada.is_superuser = False, True
    ada.set_password("something else")
    ada.save()

    call_command("demo_users", verbosity=0)

    assert authenticate(username="ada@example.org", password="demo").is_superuser is False


def test_it_refuses_when_debug_is_off(settings: Any) -> None:
    """Well-known passwords have no place on a site that others can reach."""
    settings.DEBUG = False

    with pytest.raises(CommandError, match="everybody knows the password"):
        call_command("demo_users", verbosity=0)

    assert not User.objects.exists()
