"""``ws-service serve`` as a process that ends by itself, and settings for it."""

import subprocess
import sys
from pathlib import Path

from tests.live import CHECKOUT, bare_environment


def serve(*arguments: str, **environment: str) -> tuple[int, str]:
    finished = subprocess.run(
        [sys.executable, "-m", "ws_service", "serve", *arguments],
        env=bare_environment() | environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in finished.stderr
    return finished.returncode, finished.stderr


def site_with(tmp_path: Path, text: str, *, settings: str = "settings.development") -> str:
    """A settings module of a site, where PYTHONPATH leads to."""
    (tmp_path / "site_settings.py").write_text(f"from {settings} import *\n{text}\n")
    return "site_settings"
