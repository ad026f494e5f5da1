"""django.setup() first: the order that the textbook gets wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import CHECKOUT, bare_environment


def run(script: str, settings: str = "settings.development") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        env=bare_environment() | {"DJANGO_SETTINGS_MODULE": settings},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.promise("setup-first")
def test_asgi_imports_in_a_bare_interpreter_with_consumers_that_import_models() -> None:
    """``consumers/sync.py`` asks for the user model at import time."""
    finished = run("import asgi; print(callable(asgi.application))")
    assert finished.stdout.strip() == "True", finished.stderr


@pytest.mark.promise("setup-first")
def test_get_asgi_application_first_works_as_well() -> None:
    """The second way, for the unified strategy."""
    finished = run("import example.asgi as a; print(type(a.application).__name__)",
                   "example.settings")  # fmt: skip
    assert finished.stdout.strip() == "ProtocolTypeRouter", finished.stderr


@pytest.mark.promise("setup-first")
@pytest.mark.parametrize("module", ["routing", "consumers.sync"])
def test_the_textbook_order_fails(module: str) -> None:
    """Otherwise the tests above would prove nothing."""
    finished = run(f"import {module}; import django; django.setup()")
    assert finished.returncode == 1
    assert "AppRegistryNotReady" in finished.stderr


def test_asgi_composes_and_does_nothing_else() -> None:
    """A newcomer reads it in a minute."""
    lines = (CHECKOUT / "asgi.py").read_text().splitlines()
    assert len(lines) < 60
    assert not any(line.startswith(("def ", "class ", "async ", "if ")) for line in lines)


def test_without_settings_the_start_names_what_is_missing(tmp_path: Path) -> None:
    """``daphne asgi:application`` in an empty container: production, and nothing guessed."""
    environment = bare_environment()
    finished = subprocess.run(
        [sys.executable, "-c", "import asgi"],
        env=environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert finished.returncode == 1
    for name in ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"):
        assert f"  {name} is not set" in finished.stderr
