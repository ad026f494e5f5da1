"""The short screen that `dev.py run` shows once everything is healthy."""

import os
from dataclasses import dataclass
from pathlib import Path

from devkit import checkout
from devkit.addresses import Addresses
from devkit.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Welcome:
    """What runs where, where to click, who you are, what to try; 80 columns wide."""

    addresses: Addresses
    site_pid: int
    service_pid: int
    redis_url: str
    redis_pid: int | None
    logs: Path

    def show(self, terminal: Terminal) -> None:
        """Write it."""
        terminal.line()
        terminal.line(
            terminal.styled("  A Django site, and WebSockets in a service beside it", "bold")
        )
        for title, rows in (
            ("Click", self._clicks(terminal)),
            ("Runs", self._parts()),
            ("Try", self._tries()),
            ("Logs", [f"{checkout.brief(self.logs)}/"]),
        ):
            terminal.line()
            for number, row in enumerate(rows):
                head = terminal.styled(f"{title if number == 0 else '':<7}", "cyan")
                terminal.line(f"  {head}{row}")
        terminal.line()
        terminal.line(terminal.styled("  Ctrl-C stops everything.", "bold"))

    def _clicks(self, terminal: Terminal) -> list[str]:
        port = self.addresses.site_port
        front, orders, admin, grace = (
            terminal.styled(f"{f'http://{address}/':<31}", "green")
            for address in (
                f"localhost:{port}",
                f"localhost:{port}/orders",
                # By another name: for each, a browser keeps other cookies.
                f"127.0.0.1:{port}/admin",
                f"127.0.0.1:{port}/about",
            )
        )
        return [
            f"{front} cut the connection: who loses what?",
            f"{orders} of Ada, whom you are; change one here:",
            f"{admin} as admin@example.org, password demo",
            f'{grace} press "Be Ada" or "Be Grace"',
        ]

    def _parts(self) -> list[str]:
        site, service = self.addresses.site_port, self.addresses.service_port
        rows = [
            ("site", f"http://localhost:{site}/", f"Gunicorn, process {self.site_pid}"),
            ("service", f"ws://localhost:{service}/", f"ws-service, process {self.service_pid}"),
        ]
        owner = "yours, by REDIS_URL" if self.redis_pid is None else f"process {self.redis_pid}"
        rows.append(("redis", self.redis_url, owner))
        return [f"{name:<8}{url:<30} {owner}" for name, url, owner in rows]

    def _tries(self) -> list[str]:
        at = f"127.0.0.1:{self.addresses.service_port}"
        rows = [
            f"curl -i {at}/",
            f"python3 healthcheck.py --live  --url ws://{at}",
            f"python3 healthcheck.py --ready --url ws://{at}",
        ]
        if self.redis_pid is not None:
            rows += [redis_end(self.redis_pid), redis_return()]
        return rows


def redis_end(redis_pid: int) -> str:
    """Give the command that stops our Redis, with what it shows."""
    return f"kill {redis_pid:<20}  # Redis stops: not ready, but alive"


def redis_return() -> str:
    """Give the command that makes this process start Redis again."""
    return f"kill -USR1 {os.getpid():<14}  # Redis starts again"
