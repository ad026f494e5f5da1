"""What is published: one package, which the web container uses without any server code."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.live import CHECKOUT, bare_environment

PROJECT = """\
from mysite.settings import *
INSTALLED_APPS = [*INSTALLED_APPS, "channels", "ws_service"]
WS_SERVICE = {"ROUTING": "mysite.routing"}
"""
ROUTING = """\
from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import path
websocket_urlpatterns = [path("ws/", AsyncWebsocketConsumer.as_asgi())]
"""
WEB_SIDE = """\
import sys, django
django.setup()
import ws_service
from ws_service import position, publish, topic_name
for part in ("hub", "gateway", "application"):
    assert f"ws_service.{part}" not in sys.modules, f"{part}: memory of each worker"
from ws_service import get_websocket_application, node_id
from django.core.management import call_command
call_command("check", fail_level="WARNING")
assert node_id()
loaded = [name for name in ("twisted", "daphne", "autobahn") if name in sys.modules]
assert not loaded, loaded
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=CHECKOUT)
    return next(folder.glob("*.whl"))


def run(*argv: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    finished = subprocess.run(
        argv,
        cwd=cwd,
        env=pip_environment() | environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished


def pip_environment() -> dict[str, str]:
    """As everywhere, but pip finds its packages as it does outside of the tests."""
    kept = {k: v for k, v in os.environ.items() if k.startswith("PIP_") or "CERT" in k}
    return bare_environment() | kept


def test_only_the_library_is_in_the_wheel(wheel: Path) -> None:
    """A site must not get our ``settings`` or ``consumers`` as top-level packages."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"ws_service"}
    assert "ws_service/py.typed" in names
    assert "ws_service/static/ws_service/centrifuge.js" in names
    assert any(name.endswith("entry_points.txt") for name in names)


def test_a_build_without_the_browser_sdk_says_what_to_run(tmp_path: Path) -> None:
    """A clone doesn't have it, and a wheel without it would show in browsers only."""
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, tmp_path)
    for name in ("frontend", "ws_service"):
        ignored = shutil.ignore_patterns("centrifuge.js")
        shutil.copytree(CHECKOUT / name, tmp_path / name, ignore=ignored)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    refused = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert refused.returncode != 0
    assert "centrifuge.js, the browser SDK, isn't there" in refused.stderr
    assert "run `python3 dev.py sdk`" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.promise("no-server-in-web")
def test_a_fresh_project_uses_the_web_side_without_twisted(wheel: Path, tmp_path: Path) -> None:
    """The web container stays as small as it is."""
    python = str(tmp_path / "venv" / "bin" / "python")
    run(sys.executable, "-m", "venv", str(tmp_path / "venv"), cwd=tmp_path)
    lock = str(CHECKOUT / "requirements" / "web.txt")
    run(python, "-m", "pip", "install", "-q", "--require-hashes", "-r", lock, cwd=tmp_path)
    run(python, "-m", "pip", "install", "-q", "--no-deps", str(wheel), cwd=tmp_path)
    run(python, "-m", "django", "startproject", "mysite", cwd=tmp_path)
    site = tmp_path / "mysite"
    (site / "live_settings.py").write_text(PROJECT)
    (site / "mysite" / "routing.py").write_text(ROUTING)
    settings = {"DJANGO_SETTINGS_MODULE": "live_settings"}
    run(python, "-c", WEB_SIDE, cwd=site, **settings)

    serve = subprocess.run(
        [str(tmp_path / "venv" / "bin" / "ws-service"), "serve"],
        cwd=site,
        env=bare_environment() | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert serve.returncode == 1
    assert "pip install 'django-ws-service[server]'" in serve.stderr
