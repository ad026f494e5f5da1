"""Logging in by e-mail, and the one-click logins of the demonstration."""

from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.test import Client
from django.urls import reverse

from example.accounts.models import User

pytestmark = pytest.mark.usefixtures("demo_users")


def log_in(client: Client, email: str, password: str) -> Any:
    return client.post(reverse("login"), {"username": email, "password": password})


@pytest.mark.parametrize("typed", ["ada@example.org", "ADA@Example.ORG", " ada@example.org "])
def test_an_address_logs_in_however_it_is_typed(client: Client, typed: str) -> None:
    """Phones capitalise and pad what people type."""
    response = log_in(client, typed, "demo")

    assert response.status_code == 302
    assert client.get(reverse("start")).context["user"].email == "ada@example.org"


def test_the_session_cookie_has_the_site_s_own_name(client: Client) -> None:
    """Under Django's default name it would end the logins of other sites on the machine."""
    log_in(client, "ada@example.org", "demo")

    assert "example_sessionid" in client.cookies
    assert "sessionid" not in client.cookies


@pytest.mark.parametrize(
    ("email", "password"), [("ada@example.org", "wrong"), ("nobody@example.org", "demo")]
)
def test_a_wrong_login_is_refused_in_the_same_words(
    client: Client, email: str, password: str
) -> None:
    """Different words would tell a stranger who has an account."""
    response = log_in(client, email, password)

    assert response.status_code == 200
    assert "The e-mail address or the password is wrong." in response.content.decode()
    assert not response.wsgi_request.user.is_authenticated


def test_a_deactivated_user_stays_out() -> None:
    """Deactivation is how an admin ends somebody's access."""
    User.objects.filter(email="ada@example.org").update(is_active=False)

    assert authenticate(username="ada@example.org", password="demo") is None


def test_one_click_makes_you_ada_in_the_demonstration(client: Client, settings: Any) -> None:
    """The demonstration should not begin with typing a password."""
    settings.DEMO = True

    response = client.post(reverse("be", args=["ada"]), {"next": reverse("chat")})

    assert response.headers["Location"] == reverse("chat")
    assert client.get(reverse("start")).context["user"].get_short_name() == "Ada"


def test_one_click_leads_to_no_other_site(client: Client, settings: Any) -> None:
    """A link in a mail must not use the button to look like this site."""
    settings.DEMO = True

    response = client.post(reverse("be", args=["ada"]), {"next": "https://evil.example/"})

    assert response.headers["Location"] == reverse("start")


@pytest.mark.parametrize("method", ["get", "post"])
def test_one_click_does_not_exist_outside_of_the_demonstration(client: Client, method: str) -> None:
    """Anybody could be anybody."""
    response = getattr(client, method)(reverse("be", args=["ada"]))

    assert response.status_code == 404
    assert "example_sessionid" not in client.cookies


def test_one_click_makes_nobody_an_admin(client: Client, settings: Any) -> None:
    """A click is too cheap for a superuser, even on a developer's machine."""
    settings.DEMO = True

    assert client.post(reverse("be", args=["admin"])).status_code == 404


def test_one_click_without_demo_users_says_how_to_make_them(client: Client, settings: Any) -> None:
    """Whoever starts the site by hand forgets the command."""
    settings.DEMO = True
    User.objects.all().delete()

    response = client.post(reverse("be", args=["ada"]), follow=True)

    assert "demo_users" in response.content.decode()


def test_the_buttons_are_not_shown_outside_of_the_demonstration(client: Client) -> None:
    """A button to a page that does not exist."""
    assert "Be Ada" not in client.get(reverse("about")).content.decode()


def test_an_admin_adds_a_user_by_e_mail(client: Client) -> None:
    """The custom user model has no user name for Django's own admin form to ask for."""
    log_in(client, "admin@example.org", "demo")
    form = {
        "email": "Alan@Example.org",
        "name": "Alan",
        "usable_password": "true",
        "password1": "a-long-passphrase",
        "password2": "a-long-passphrase",
    }

    response = client.post(reverse("admin:accounts_user_add"), form)

    assert response.status_code == 302, response.content.decode()
    assert User.objects.get(email="alan@example.org").get_short_name() == "Alan"


def test_a_user_without_a_name_is_shown_without_the_host_of_the_address() -> None:
    """A chat room is no place to collect e-mail addresses."""
    assert User(email="jo@example.org").get_short_name() == "jo"
