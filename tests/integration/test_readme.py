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


def readme_blocks(language: str) -> list[str]:
    """The README's blocks in this language, as they are."""
    text = (CHECKOUT / "README.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def readme_parts() -> dict[str, str]:
    """The README's first Python block, cut at the comments that name files."""
    _, *pieces = PART.split(readme_blocks("python")[0])
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

    def manage(self, *arguments: str) -> None:
        """Run one of Django's commands in the site."""
        subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            cwd=self.folder,
            env=self.environment(),
            check=True,
            capture_output=True,
            timeout=60,
        )


def make_fresh_site(parent: Path, redis_url: str) -> FreshSite:
    """A new project with the lines that the README adds; its database is still to be migrated."""
    argv = [sys.executable, "-m", "django", "startproject", "mysite"]
    subprocess.run(argv, cwd=parent, check=True, capture_output=True, timeout=60)
    site = FreshSite("its settings name it", redis_url, parent / "mysite")
    parts = readme_parts()
    package = site.folder / "mysite"
    with (package / "settings.py").open("a") as settings:
        lines = parts["settings.py"].replace("redis://your-redis:6379/0", redis_url)
        settings.write(lines)
    # The rest of the comment that names a file is a comment still.
    (package / "topics.py").write_text("#" + parts["mysite/topics.py"])
    (package / "routing.py").write_text("#" + parts["mysite/routing.py"])
    return site


@pytest.fixture
def fresh_site(tmp_path: Path, redis_server: RedisServer) -> FreshSite:
    site = make_fresh_site(tmp_path, redis_server.url)
    site.manage("migrate")
    site.manage("check")
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
