"""The commands of the parts: the site, what pushes, the service beside it, and a device."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from devkit import checkout, environment
from devkit.addresses import Addresses
from devkit.child import Child
from devkit.virtualenv import VirtualEnvironment


class Parts:
    """Makes the children of one run; all of them see the same settings and environment."""

    def __init__(
        self,
        venv: VirtualEnvironment,
        addresses: Addresses,
        *,
        redis_url: str,
        state: Path,
        logs: str = "logs",
        actions: Sequence[str] = (),
    ) -> None:
        """Everything they write goes to the folder `state`, their output to `logs` in it.

        `actions`: what the pages of the site may ask for through the pipe at `control`.
        """
        self._venv = venv
        self._addresses = addresses
        self._state = state
        self._logs = state / logs
        self.control = state / "control"
        self._env = environment.own(
            DJANGO_SETTINGS_MODULE="example.settings",
            DATABASE_URL=f"sqlite:///{quote(str(state / 'example.sqlite3'))}",
            REDIS_URL=redis_url,
            LIVE_URL=f":{addresses.service_port}",
            WS_SERVICE_ALLOWED_ORIGINS=",".join(addresses.origins),
            DEMO_CONTROL=str(self.control) if actions else "",
            DEMO_ACTIONS=",".join(actions),
            DEVICE_KEY=secrets.token_urlsafe(),
        )

    def manage(self, command: str) -> Child:
        """Give a management command of the site."""
        return self._child(command, [self._venv.python, "-m", "example.manage", command])

    def dashboard(self) -> Child:
        """Give the site's own synchronous code that sends to the dashboard."""
        return self._child(
            "dashboard", [self._venv.python, "-m", "example.manage", "feed_dashboard"]
        )

    def counter(self) -> Child:
        """Give the site's own synchronous code that steps the counter of its front page."""
        return self._child("counter", [self._venv.python, "-m", "example.manage", "tick"])

    def ticker(self) -> Child:
        """Give the site's own synchronous code that publishes prices, twenty times a second."""
        return self._child("ticker", [self._venv.python, "-m", "example.manage", "feed_ticker"])

    def sensor(self) -> Child:
        """Give the device: another program, which knows the site and the service by address."""
        service = f"ws://127.0.0.1:{self._addresses.service_port}/connection/websocket"
        site = f"http://127.0.0.1:{self._addresses.site_port}"
        return self._child(
            "sensor",
            [
                self._venv.python,
                *("-m", "example.device.sensor", "--site", site, "--service", service),
            ],
        )

    def site(self) -> Child:
        """Give the Django site under Gunicorn."""
        binds = [f"--bind={bind}" for bind in self._addresses.binds(self._addresses.site_port)]
        return self._child(
            "site",
            [
                self._venv.python,
                *("-m", "gunicorn", "example.wsgi:application", *binds),
                *("--workers=2", "--threads=4", "--graceful-timeout=3", "--access-logfile=-"),
                "--no-control-socket",  # it would lie in the user's home folder
                f"--worker-tmp-dir={self._state}",
            ],
        )

    def service(self) -> Child:
        """Give the service."""
        binds = self._addresses.binds(self._addresses.service_port)
        return self._child(
            "service",
            [self._venv.script("ws-service"), "serve", *(f"--bind={bind}" for bind in binds)],
        )

    def _child(self, name: str, argv: list[str | os.PathLike[str]]) -> Child:
        log = self._logs / f"{name}.log"
        log.unlink(missing_ok=True)
        return Child(name, argv, env=self._env, cwd=checkout.ROOT, log=log)
