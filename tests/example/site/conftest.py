from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _fast_passwords(settings: Any) -> None:
    """A password hash is slow on purpose; no test here is about that."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _no_demonstration(settings: Any) -> None:
    """The settings are development's, and tests are about sites that others can reach."""
    settings.DEMO = False


@pytest.fixture
def demo_users(db: None, settings: Any) -> None:
    """Ada, Grace and Admin."""
    from django.core.management import call_command  # after the settings are chosen

    settings.DEMO = True
    call_command("demo_users", verbosity=0)
    settings.DEMO = False
