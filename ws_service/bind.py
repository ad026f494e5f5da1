"""Where the service listens, as people write it: ``0.0.0.0:8001``, ``[::1]:8001``, ``unix:/path``.

Standard library only: the probe reads the same notation.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from ws_service.errors import InvalidBind

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8001
ENVIRONMENT_NAME = "WS_SERVICE_BIND"

_WILDCARD_TO_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104


@dataclass(frozen=True, slots=True)
class Bind:
    """One address to listen on: TCP (``host``, ``port``) or a unix socket (``unix_path``)."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    unix_path: str | None = None

    @classmethod
    def parse(cls, text: str, default_port: int = DEFAULT_PORT) -> Bind:
        """Read ``host:port``, ``host``, ``:port``, ``port``, ``[v6]:port`` or ``unix:/path``.

        Raises InvalidBind with a text that shows what would be right.
        """
        text = text.strip()
        if text.startswith("unix:"):
            path = text.removeprefix("unix:").removeprefix("//")
            if not path:
                raise InvalidBind("A unix bind needs a path, as in unix:/run/ws-service.sock")
            return cls(unix_path=path)
        if _is_number(text):
            return cls(port=_port(text, text))
        if text.startswith("["):
            host, bracket, rest = text[1:].partition("]")
            if not bracket or (rest and not rest.startswith(":")):
                raise InvalidBind(f"{text!r} is not an address; write IPv6 as [::1]:8001")
            port = rest.removeprefix(":")
        elif text.count(":") > 1:
            raise InvalidBind(f"{text!r} is ambiguous; write IPv6 in brackets, as in [::1]:8001")
        else:
            host, _, port = text.partition(":")
        return cls(host or DEFAULT_HOST, _port(port, text) if port else default_port)

    @classmethod
    def parse_list(cls, text: str) -> list[Bind]:
        """Read several, separated by commas."""
        return [cls.parse(part) for part in text.split(",") if part.strip()]

    def reachable(self) -> Bind:
        """The same listener as a client on this machine reaches it (wildcard → loopback)."""
        return Bind(_WILDCARD_TO_LOOPBACK.get(self.host, self.host), self.port, self.unix_path)

    def __str__(self) -> str:
        if self.unix_path is not None:
            return f"unix:{self.unix_path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def remove_stale_socket(path: str) -> None:
    """Remove a unix socket that nobody listens on: what a killed process leaves behind."""
    if not Path(path).is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _port(text: str, whole: str) -> int:
    if not _is_number(text) or not 0 <= int(text) <= 65535:
        raise InvalidBind(f"{whole!r}: {text!r} is not a port between 0 and 65535")
    return int(text)
