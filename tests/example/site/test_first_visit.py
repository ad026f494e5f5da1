"""A first visit makes you Ada in the demonstration, and elsewhere nobody anybody."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.usefixtures("demo_users")

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def name_on(client: Client, page: str = "start") -> str:
    user = client.get(reverse(page), headers=BROWSER).context["user"]
    return user.get_short_name() if user.is_authenticated else "anonymous"


def test_a_first_visit_is_ada_s_in_the_demonstration(client: Client, settings: Any) -> None:
    """The orders on the next page have to be somebody's."""
    settings.DEMO = True

    assert name_on(client) == "Ada"
    assert name_on(client, "chat") == "Ada"


def test_nobody_becomes_anybody_outside_of_the_demonstration(client: Client) -> None:
    """A login that nobody asked for has no place on a real site."""
    assert name_on(client) == "anonymous"
    assert not client.cookies


def test_whoever_logs_out_stays_logged_out(client: Client, settings: Any) -> None:
    """The button would be a joke."""
    settings.DEMO = True
    assert name_on(client) == "Ada"

    client.post(reverse("logout"))

    assert name_on(client) == "anonymous"
    assert name_on(client) == "anonymous"


def test_somebody_who_is_logged_in_stays_who_they_are(client: Client, settings: Any) -> None:
    """Grace goes to the front page, logs out, and comes again."""
    settings.DEMO = True
    client.post(reverse("be", args=["grace"]))

    assert name_on(client) == "Grace"
    client.post(reverse("logout"))
    assert name_on(client) == "anonymous"


def test_only_the_front_page_does_it(client: Client, settings: Any) -> None:
    """A link to a chat room must not make somebody of its reader."""
    settings.DEMO = True

    assert name_on(client, "chat") == "anonymous"


def test_a_probe_gets_no_django_session(client: Client, settings: Any) -> None:
    """It comes every few seconds, and would fill the table of sessions."""
    settings.DEMO = True

    assert client.get(reverse("start")).status_code == 200
    assert not client.cookies


def test_without_demo_users_the_page_comes_all_the_same(client: Client, settings: Any) -> None:
    """Whoever starts the site by hand forgets the command."""
    from example.accounts.models import User  # after the settings are chosen

    settings.DEMO = True
    User.objects.all().delete()

    assert name_on(client) == "anonymous"
