"""Runs ``tests/example/site`` under the site's own settings, one test for each of its files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((Path(__file__).parent / "site").glob("test_*.py"))
LIMIT_S = 120


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_site_does_what_its_own_tests_say(file: Path, tmp_path: Path) -> None:
    """The settings of a site can't be swapped inside a process: models are loaded once."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", str(file)],
        cwd=ROOT,
        env=site_environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert run.returncode == 0, run.stdout


def site_environment(folder: Path) -> dict[str, str]:
    """What the developer has exported must not decide how the site is tested."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "example.settings",
        "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
    }
