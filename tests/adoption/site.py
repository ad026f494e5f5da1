"""An existing site in production, and what the guide makes of it.

The site is what ``startproject`` makes with the files of ``shop/`` over it. It runs as such sites
do: pages under Gunicorn, DEBUG off, static files by nginx, which is also the one origin.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeAlias

from devkit.child import Child
from devkit.ports import free_port
from tests.adoption import guide
from tests.adoption.guide import Section
from tests.live import CHECKOUT, bare_environment, http_answer, wait_until

SHOP = Path(__file__).with_name("shop")
PASSWORD = "an-engine-for-ada"
# What the guide writes where every site has something of its own.
REDIS_URL = "redis://redis:6379/0"
WEB, SERVICE = "web:8000", "ws:8001"
# pytest's folders are for their owner only.
NGINX_USER = "user root;" if os.geteuid() == 0 else ""
NGINX = """\
{user}
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ }}
http {{
    access_log off;
    types {{ text/css css; text/javascript js; image/svg+xml svg; }}
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
server {{
    listen 127.0.0.1:{port};
    location /static/ {{ alias {folder}/static-files/; }}
    location / {{ proxy_pass http://web:8000; proxy_set_header Host $http_host; }}
}}
}}
"""


@dataclass
class ExistingSite:
    """Its files, its database, and how its commands are run."""

    folder: Path
    redis_url: str
    port: int = field(default_factory=free_port)  # of the one origin
    environment_of_its_own: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Path:
        return self.folder / "mysite" / "settings.py"

    def environment(self, settings: str = "mysite.settings") -> dict[str, str]:
        return (
            bare_environment()
            | {"DJANGO_SETTINGS_MODULE": settings, "PYTHONPATH": f"{self.folder}:{CHECKOUT}"}
            | self.environment_of_its_own
        )

    def add_to_settings(self, *lines: str) -> None:
        with self.settings.open("a") as settings:
            settings.write("".join(f"{line}\n" for line in lines))

    def write(self, path: str, text: str) -> None:
        """A file of the site; what the guide writes for a Redis of somebody's becomes ours."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace(REDIS_URL, self.redis_url))

    def run(
        self, *argv: str, fails: bool = False, environment: Mapping[str, str] | None = None
    ) -> str:
        """A command where manage.py is; gives what it prints. It must fail, or must not."""
        finished = subprocess.run(
            argv,
            cwd=self.folder,
            env=self.environment() | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        assert (finished.returncode != 0) is fails, finished.stdout
        return finished.stdout

    def manage(self, *arguments: str, fails: bool = False) -> str:
        return self.run(sys.executable, "manage.py", *arguments, fails=fails)

    def script(self, text: str) -> str:
        """Run a script with the site's settings; gives what it prints."""
        return self.run(sys.executable, "-c", f"import django; django.setup()\n{text}")

    def adopt(self, steps: Iterable[Section] | None = None) -> None:
        """Apply these steps of the guide, all without any."""
        for step in guide.steps() if steps is None else steps:
            self.apply(step)

    def apply(self, section: Section) -> None:
        """What a section changes and adds."""
        for path, text in section.new_files().items():
            self.write(path, text)
        for change in section.changes():
            change.apply(self.folder)
            self.write(change.path, (self.folder / change.path).read_text())

    def undo(self, section: Section) -> None:
        """Take it back, as the guide says."""
        for change in reversed(section.changes()):
            # The guide knows nothing of the address that stands in for its own.
            text = (self.folder / change.path).read_text().replace(self.redis_url, REDIS_URL)
            (self.folder / change.path).write_text(text)
            change.undo(self.folder)
        for path in section.new_files():
            (self.folder / path).unlink()

    def log_in(self, email: str = "ada@example.org") -> str:
        """A session key, made as logging in makes one."""
        return self.script(
            "from django.contrib.auth import get_user_model, login\n"
            "from django.http import HttpRequest\n"
            "from django.utils.module_loading import import_string\n"
            "from django.conf import settings\n"
            "request = HttpRequest()\n"
            "request.session = import_string(f'{settings.SESSION_ENGINE}.SessionStore')()\n"
            f"login(request, get_user_model().objects.get(email={email!r}))\n"
            "request.session.save()\n"
            "print(request.session.session_key)\n"
        ).strip()


def make_blueprint(parent: Path) -> Path:
    """The folder of a site of before the adoption: migrated, with Ada, Grace, an order of Ada's."""
    argv = [sys.executable, "-m", "django", "startproject", "mysite"]
    subprocess.run(argv, cwd=parent, check=True, capture_output=True, timeout=60)
    site = ExistingSite(parent / "mysite", "none yet")
    for name in ("accounts", "orders", "templates"):
        _copy(SHOP / name, site.folder)
    shutil.copy(SHOP / "urls.py", site.folder / "mysite" / "urls.py")
    site.add_to_settings((SHOP / "settings.py").read_text())
    site.write("requirements.txt", "django\ngunicorn\n")
    site.manage("makemigrations", "accounts", "orders")
    site.manage("migrate")
    site.script(
        "from accounts.models import User\n"
        "for name in ('ada', 'grace'):\n"
        f"    user = User.objects.create_user(f'{{name}}@example.org', {PASSWORD!r})\n"
        "    if name == 'ada': user.orders.create()\n"
    )
    return site.folder


def build(
    blueprint: Path, parent: Path, redis_url: str, settings: Iterable[str], apps: Iterable[Path]
) -> ExistingSite:
    """One such site. settings: more lines at their end. apps: more folders in it."""
    _copy(blueprint, parent)
    site = ExistingSite(parent / blueprint.name, redis_url)
    site.add_to_settings(*settings)
    for each in apps:
        _copy(each, site.folder)
    conf = NGINX.format(user=NGINX_USER, folder=site.folder, port=site.port)
    site.write("nginx.conf", conf)
    return site


def _copy(folder: Path, into: Path) -> None:
    # Compiled modules are recognised by the time of their source, which copies keep.
    shutil.copytree(folder, into / folder.name, ignore=shutil.ignore_patterns("__pycache__"))


class Production:
    """The site's processes: pages under Gunicorn, the service, and nginx before both.

    Each is started when it is asked for; all are stopped at the end.
    """

    def __init__(self, site: ExistingSite, folder: Path) -> None:
        self.site = site
        self.folder = folder
        self.web_port, self.ws_port, self.port = free_port(), free_port(), site.port
        self.web = self._child(
            "web",
            *(sys.executable, "-m", "gunicorn", "mysite.wsgi", f"--bind=127.0.0.1:{self.web_port}"),
            *("--workers=2", "--threads=4", "--no-control-socket", f"--worker-tmp-dir={folder}"),
        )
        self.ws = self._child("ws", *self._serve(f"127.0.0.1:{self.ws_port}"))
        self.proxy = self._child("nginx", *self._nginx("-g", "daemon off;"))
        self.others: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in (*reversed(self.others), self.proxy, self.ws, self.web):
            child.stop()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def nginx_conf(self) -> Path:
        return self.site.folder / "nginx.conf"

    def start_web(self) -> None:
        """Pages, and nginx before them: the site as it was."""
        self.site.manage("collectstatic", "--noinput")
        self.web.start()
        self._wait_for(self.web, self.web_port)
        if not self.proxy.is_running:
            self.start_proxy()

    def start_proxy(self) -> None:
        self._localise()
        self.proxy.start()
        self._wait_for(self.proxy, self.port)

    def reload_proxy(self) -> None:
        """As ``nginx -s reload``; waits until the new configuration answers."""
        self._localise()
        self.proxy.stop()
        self.proxy.start()
        self._wait_for(self.proxy, self.port)

    def start_ws(self) -> None:
        self.ws.start()
        wait_until(lambda: self._is_ready() or self._has_ended(self.ws))
        assert self.ws.is_running, self.ws.tail(60)

    def restart_web(self) -> None:
        """As a deployment does, after the code has changed."""
        self.web.stop()
        self.start_web()

    def start(self) -> Self:
        """All of it."""
        self.start_ws()
        self.start_web()
        return self

    def beside(self, name: str, *argv: str) -> Child:
        """One process more."""
        child = self._child(name, *argv)
        self.others.append(child)
        return child.start()

    def check_nginx(self) -> str:
        """``nginx -t``."""
        self._localise()
        return self.site.run(*self._nginx("-t"))

    def _child(self, name: str, *argv: str) -> Child:
        log = self.folder / f"{name}.log"
        return Child(name, argv, env=self.site.environment(), cwd=self.site.folder, log=log)

    def _serve(self, bind: str) -> list[str]:
        """The command of the guide's second container, on a free port."""
        block = guide.section("6. The second container").new_files()["compose.ws.yaml"]
        (command,) = re.findall(r"^    command: \[(.+)\]$", block, re.MULTILINE)
        argv = [part.strip().strip('"') for part in command.split(",")]
        assert argv[:2] == ["ws-service", "serve"]
        module = [sys.executable, "-m", "ws_service", *argv[1:]]
        return [bind if part == "0.0.0.0:8001" else part for part in module]

    def _nginx(self, *arguments: str) -> list[str]:
        nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx"
        conf = str(self.nginx_conf)
        return [nginx, "-e", "stderr", "-p", str(self.site.folder), "-c", conf, *arguments]

    def _localise(self) -> None:
        """``web`` and ``ws`` are names of containers; here they are ports."""
        for name in ("nginx.conf", "ws-service.conf"):
            file = self.site.folder / name
            if file.exists():
                text = file.read_text()
                text = text.replace(WEB, f"127.0.0.1:{self.web_port}")
                file.write_text(text.replace(SERVICE, f"127.0.0.1:{self.ws_port}"))

    def _wait_for(self, child: Child, port: int) -> None:
        wait_until(lambda: self._has_ended(child) or http_answer(port)[0] != 0)
        assert child.is_running, child.tail(60)

    def _is_ready(self) -> bool:
        probe = [sys.executable, "-m", "ws_service.probe", "--live"]
        url = f"ws://127.0.0.1:{self.ws_port}"
        return subprocess.run([*probe, "--url", url], capture_output=True).returncode == 0

    @staticmethod
    def _has_ended(child: Child) -> bool:
        return not child.is_running


MakeSite: TypeAlias = Callable[..., ExistingSite]
StartProduction: TypeAlias = Callable[[ExistingSite], Production]


def nginx_or_skip() -> None:
    """One origin needs a proxy."""
    import pytest  # a test's business only

    if shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"):
        return
    reason = "no nginx on the path: install the package nginx-light"
    if os.environ.get("WS_SERVICE_TEST_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
