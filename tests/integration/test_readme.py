"""The README's lines, taken from its text and applied to a fresh Django site."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from devkit.redis_server import RedisServer
from tests.live import CHECKOUT, LOGIN, Service, Site, bare_environment, hear, tell

PART = re.compile(r"^# (settings\.py|mysite/topics\.py|mysite/routing\.py|anywhere)", re.MULTILINE)


def readme_parts() -> dict[str, str]:
    """The README's Python block, cut at the comments that name files."""
    text = (CHECKOUT / "README.md").read_text()
    block = text.partition("```python\n")[2].partition("```")[0]
    _, *pieces = PART.split(block)
    return dict(zip(pieces[::2], pieces[1::2], strict=True))


@dataclass(frozen=True)
class FreshSite(Site):
    """What ``django-admin startproject mysite`` makes, and nothing of the example's."""

    folder: Path

    def environment(self, settings: str = "mysite.settings") -> dict[str, str]:
        return bare_environment() | {
            "DJANGO_SETTINGS_MODULE": settings,
            "PYTHONPATH": f"{self.folder}:{CHECKOUT}",
        }


@pytest.fixture
def fresh_site(tmp_path: Path, redis_server: RedisServer) -> FreshSite:
    django = [sys.executable, "-m", "django"]
    run = {"check": True, "capture_output": True, "timeout": 60}
    subprocess.run([*django, "startproject", "mysite"], cwd=tmp_path, **run)
    site = FreshSite("its settings name it", redis_server.url, tmp_path / "mysite")
    parts = readme_parts()
    package = site.folder / "mysite"
    with (package / "settings.py").open("a") as settings:
        lines = parts["settings.py"].replace("redis://your-redis:6379/0", redis_server.url)
        settings.write(lines)
    # The rest of the comment that names a file is a comment still.
    (package / "topics.py").write_text("#" + parts["mysite/topics.py"])
    (package / "routing.py").write_text("#" + parts["mysite/routing.py"])
    subprocess.run([*django, "migrate"], cwd=site.folder, env=site.environment(), **run)
    subprocess.run([*django, "check"], cwd=site.folder, env=site.environment(), **run)
    return site


@pytest.mark.promise("readme")
def test_the_readmes_lines_push_from_a_fresh_site(fresh_site: FreshSite, tmp_path: Path) -> None:
    """Whoever copies them sees a message arrive."""
    login = LOGIN.format(
        user="create_user('grace', password='x')",
        backend="django.contrib.auth.backends.ModelBackend",
    )
    session_key = fresh_site.run_in_django(login).strip()
    service = Service(
        fresh_site,
        tmp_path / "service.log",
        ("-m", "ws_service", "serve", "--bind", "127.0.0.1:{port}"),
        settings="mysite.settings",
    ).start()
    try:
        with service.connect(
            "/connection/websocket",
            origin="http://localhost:8000",
            cookie=f"sessionid={session_key}",
        ) as socket:
            tell(socket, {"id": 1, "connect": {}})
            assert "error" in tell(socket, {"id": 2, "subscribe": {"channel": "orders:2"}})
            assert "error" not in tell(socket, {"id": 3, "subscribe": {"channel": "orders:1"}})
            fresh_site.run_in_django(
                "from django.contrib.auth import get_user_model\n"
                "user = get_user_model().objects.get()\n"
                f"#{readme_parts()['anywhere']}"
            )
            push = hear(socket)["push"]
            assert push["channel"] == "orders:1"
            assert push["pub"]["data"] == {"id": 42, "state": "paid"}
    finally:
        service.stop()
