"""The management command that makes the people of the demonstration."""

from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from example.accounts.models import User
from example.orders.models import Order
from ws_service.testing import capture_publications

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demo(settings: Any) -> None:
    settings.DEMO = True


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


def test_it_refuses_outside_of_the_demonstration(settings: Any) -> None:
    """Well-known passwords have no place on a site that others can reach."""
    settings.DEMO = False

    with pytest.raises(CommandError, match="everybody knows the password"):
        call_command("demo_users", verbosity=0)

    assert not User.objects.exists()


def test_the_whole_demonstration_is_made_where_it_is_wanted_and_nowhere_else(settings: Any) -> None:
    """compose.yaml runs the command at every start, in production as well."""
    with capture_publications():
        call_command("demo", verbosity=0)
        call_command("demo", verbosity=0)
        assert Order.objects.count() == 3
        User.objects.all().delete()
        settings.DEMO = False
        call_command("demo", verbosity=0)
    assert not User.objects.exists()


def test_when_the_demonstration_is_over_nobody_gets_in_with_its_password(
    client: Client, settings: Any
) -> None:
    """Somebody tried the site, and then made it public with the same database."""
    call_command("demo_users", verbosity=0)
    grace, admin = User.objects.get(name="Grace"), User.objects.get(name="Admin")
    grace.set_password("a password of her own")
    grace.save()
    client.force_login(admin)

    settings.DEMO = False
    call_command("demo", verbosity=0)

    for name in ("ada", "admin"):
        assert authenticate(username=f"{name}@example.org", password="demo") is None
    assert client.get(reverse("admin:index")).status_code == 302
    assert authenticate(username="grace@example.org", password="a password of her own") == grace
