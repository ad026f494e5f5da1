"""What the site loads."""

import subprocess
import sys

LIMIT_S = 60


def test_the_site_loads_no_server_code() -> None:
    """The web container's image is installed without the server extra."""
    script = (
        "import sys\n"
        "from example.wsgi import application\n"
        "from django.urls import get_resolver\n"
        "get_resolver().url_patterns\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}"
        " & {'twisted', 'daphne', 'autobahn', 'uvicorn'}))\n"
        "print('example.routing' in sys.modules)\n"
    )

    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )

    assert run.stdout == "[]\nFalse\n", run.stderr


def test_migrations_are_complete() -> None:
    """A change of the user model without its migration breaks the next fresh clone."""
    run = subprocess.run(
        [sys.executable, "-m", "example.manage", "makemigrations", "--check", "--dry-run"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
