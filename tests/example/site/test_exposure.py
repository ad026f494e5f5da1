"""What stands in a public file protects nobody: settings that would rely on it stop the start."""

import json
import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from example.exposure import is_loopback_only, refuse_what_everybody_knows
from tests.live import CHECKOUT, bare_environment

PUBLIC_KEY = "insecure-key-of-a-public-file"
OWN_KEY = "a-key-that-only-this-test-knows-0123456789-0123456789"


def settings_with(**environment: str) -> "subprocess.CompletedProcess[str]":
    """Import the site's settings in a process of its own; it prints some of them."""
    script = (
        "import json, example.settings as s; print(json.dumps("
        "[s.DEMO, s.SESSION_COOKIE_SECURE, getattr(s, 'SECURE_PROXY_SSL_HEADER', None)]))"
    )
    given = bare_environment() | {"DEBUG": "false", "SECRET_KEY": OWN_KEY} | environment
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=CHECKOUT,
        env=given | {"PYTHONPATH": os.fspath(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("hosts", "is_local"),
    [
        (["localhost", "127.0.0.1", "[::1]", "shop.localhost"], True),
        (["localhost", "www.example.com"], False),
        (["localhost.example.com"], False),
        (["*"], False),
        (["192.168.1.10"], False),
    ],
)
def test_only_the_machine_s_own_names_are_private(hosts: list[str], is_local: bool) -> None:
    """One other name is enough for others to get in."""
    assert is_loopback_only(hosts) is is_local


def test_a_refusal_names_every_variable_and_no_value() -> None:
    """Who mends one must not meet the next at the following start, nor find keys in the log."""
    secrets = {"A_KEY": PUBLIC_KEY, "B_KEY": "django-insecure-x", "C_KEY": OWN_KEY, "D": None}
    with pytest.raises(ImproperlyConfigured, match="A_KEY, B_KEY") as refused:
        refuse_what_everybody_knows(secrets, is_demo=False)
    assert PUBLIC_KEY not in str(refused.value)
    assert "C_KEY" not in str(refused.value)


@pytest.mark.parametrize(
    "environment",
    [
        {"SECRET_KEY": PUBLIC_KEY},
        {"WS_SERVICE_TOKEN_KEY": PUBLIC_KEY},
        {"DATABASE_URL": "postgres://site:insecure-password@db:5432/site"},
        {"DEMO": "true"},
    ],
    ids=lambda environment: next(iter(environment)),
)
def test_a_site_that_others_can_reach_does_not_start_with_what_everybody_knows(
    environment: dict[str, str],
) -> None:
    """compose.yaml works out of a clone; nobody may take its keys to production by accident."""
    assert settings_with(**environment).returncode == 0
    # A client writes Host as it likes: an open port is enough.
    for reachable in ({"ALLOWED_HOSTS": "www.example.com"}, {"PUBLISHED_ON": "127.0.0.1,0.0.0.0"}):
        refused = settings_with(**reachable, **environment)
        assert refused.returncode == 1
        assert "ImproperlyConfigured: Others can reach this site" in refused.stderr


def test_cookies_are_secure_where_others_can_reach_the_site() -> None:
    """Nobody has to remember a variable for it."""
    assert json.loads(settings_with().stdout) == [False, False, None]
    public = settings_with(ALLOWED_HOSTS="www.example.com")
    assert json.loads(public.stdout) == [False, True, None]


def test_a_proxy_s_word_counts_only_where_there_is_one() -> None:
    """Without a proxy every client can write the header, and so be "secure" by its own word."""
    behind = settings_with(BEHIND_PROXY="true")
    assert json.loads(behind.stdout)[2] == ["HTTP_X_FORWARDED_PROTO", "https"]
