"""A running service and how tests talk to it."""

import http.client
import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from websockets.sync.client import ClientConnection, connect, unix_connect

from devkit.child import Child
from devkit.ports import free_port
from ws_service.bind import Bind
from ws_service.probe import Unhealthy, live

CHECKOUT = Path(__file__).resolve().parent.parent
START_LIMIT_S = 30.0
ANSWER_LIMIT_S = 10.0
# The environment that tests inherit, without what would change the parts they start.
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")

SERVE = ("-m", "ws_service", "serve", "asgi:application", "--bind", "127.0.0.1:{port}")


def bare_environment() -> dict[str, str]:
    """An environment in which no setting is made."""
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return kept | {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "default"}


# Makes a Django session for `objects.{user}` and prints its key.
LOGIN = """
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
user = get_user_model().objects.{user}
store = SessionStore()
store[SESSION_KEY] = str(user.pk)
store[BACKEND_SESSION_KEY] = {backend!r}
store[HASH_SESSION_KEY] = user.get_session_auth_hash()
store.create()
print(store.session_key)
"""


@dataclass(frozen=True)
class Site:
    """The example site's data, which the service shares."""

    database_url: str
    redis_url: str

    def environment(self, settings: str = "example.settings") -> dict[str, str]:
        return bare_environment() | {
            "DJANGO_SETTINGS_MODULE": settings,
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
        }

    def make_data(self) -> None:
        """The tables and the demo users, in an empty database."""
        for command in ("migrate", "demo_users"):
            subprocess.run(
                [sys.executable, "-m", "example.manage", command],
                env=self.environment(),
                cwd=CHECKOUT,
                check=True,
                capture_output=True,
                timeout=60,
            )

    @cached_property
    def _cookies(self) -> dict[tuple[str, str], str]:
        return {}

    def cookie_of(self, name: str, backend: str = "example.accounts.backends.EmailBackend") -> str:
        """The cookie header of a browser in which this demo user is logged in."""
        if (name, backend) not in self._cookies:
            script = LOGIN.format(user=f"get(name={name!r})", backend=backend)
            session_key = self.run_in_django(script).strip()
            self._cookies[name, backend] = f"example_sessionid={session_key}"
        return self._cookies[name, backend]

    def run_in_django(self, script: str, **environment: str) -> str:
        """Run a script with the site's settings; returns what it prints."""
        finished = subprocess.run(
            [sys.executable, "-c", f"import django; django.setup()\n{script}"],
            env=self.environment() | environment,
            cwd=CHECKOUT,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return finished.stdout


class Service:
    """One process that serves WebSockets, on a free loopback port or on ``unix_path``.

    argv: the interpreter's arguments; ``{port}`` becomes the port.
    """

    def __init__(
        self,
        site: Site,
        log: Path,
        argv: Sequence[str] = SERVE,
        *,
        settings: str = "settings.development",
        environment: Mapping[str, str] | None = None,
        unix_path: Path | None = None,
        tls: ssl.SSLContext | None = None,
        port: int | None = None,
        is_websocket_only: bool = True,
    ) -> None:
        self.port = port or free_port()
        self.unix_path = unix_path
        self.tls = tls
        self.is_websocket_only = is_websocket_only
        self.child = Child(
            "service",
            [sys.executable, *(part.replace("{port}", str(self.port)) for part in argv)],
            env=site.environment(settings) | dict(environment or {}),
            cwd=CHECKOUT,
            log=log,
        )

    @property
    def bind(self) -> Bind:
        return Bind(unix_path=str(self.unix_path)) if self.unix_path else Bind(port=self.port)

    @property
    def origin(self) -> str:
        """The origin of a page that this very host and port would serve."""
        if self.unix_path:
            return "http://localhost"
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> Self:
        self.child.start()
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            if self.child.poll() is not None:
                raise AssertionError(f"the service ended at its start:\n{self.child.tail(60)}")
            try:
                self._shake_hands()
            except (Unhealthy, OSError) as error:
                if time.monotonic() > deadline:
                    raise AssertionError(f"{error}\n{self.child.tail(60)}") from error
                time.sleep(0.05)
            else:
                return self

    def _shake_hands(self) -> None:
        if self.tls:
            with self.connect("/ws/health/", origin=None):
                pass
        else:
            live(self.bind)

    def stop(self) -> None:
        self.child.stop()

    def connect(
        self, path: str, *, origin: str | None = "own", cookie: str | None = None, **options: Any
    ) -> ClientConnection:
        """Open a WebSocket; ``origin`` "own" is the service's own host and port."""
        headers = {"Cookie": cookie} if cookie else {}
        arguments = {
            "origin": self.origin if origin == "own" else origin,
            "additional_headers": headers,
            "open_timeout": ANSWER_LIMIT_S,
            "close_timeout": ANSWER_LIMIT_S,
            **options,
        }
        if self.unix_path:
            return unix_connect(str(self.unix_path), f"ws://localhost{path}", **arguments)
        scheme = "wss" if self.tls else "ws"
        url = f"{scheme}://127.0.0.1:{self.port}{path}"
        return connect(url, ssl=self.tls, proxy=None, **arguments)


def tell(connection: ClientConnection, content: object) -> Any:
    """Send JSON, return the next message."""
    connection.send(json.dumps(content))
    return hear(connection)


def hear(connection: ClientConnection) -> Any:
    """The next message, decoded."""
    return json.loads(connection.recv(timeout=ANSWER_LIMIT_S))


def http_answer(port: int, path: str = "/") -> tuple[int, bytes]:
    """Status and body of a plain GET; status 0 while nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_LIMIT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except ConnectionRefusedError:
        return 0, b""
    finally:
        connection.close()


def happens(condition: Callable[[], bool], limit_s: float) -> bool:
    """Wait for a condition; False if it is not there in time."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def wait_until(condition: Callable[[], bool], limit_s: float = START_LIMIT_S) -> None:
    """Wait for a condition, and not for ever."""
    assert happens(condition, limit_s), "it did not happen in time"
