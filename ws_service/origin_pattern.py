"""One entry of the list of origins that may connect, and the origin it is compared with.

Origins are RFC 6454's: scheme, host, port. Entries are Django's ``CSRF_TRUSTED_ORIGINS``
notation: ``https://www.example.com``, ``https://*.example.com``, ``http://localhost:8000``.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ws_service.errors import WsServiceError

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class InvalidOrigin(WsServiceError, ValueError):
    """A text that is not an origin; says why."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a browser says about the page that connects. ``port`` is None for unknown schemes."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Origin:
        """Read ``scheme://host[:port]``.

        Raises InvalidOrigin for anything else: ``null``, a path, user names, a bad port.
        """
        if not isinstance(text, str) or "://" not in text:
            raise InvalidOrigin("an origin has a scheme, as in https://www.example.com")
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise InvalidOrigin(str(error)) from error
        if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
            raise InvalidOrigin("an origin is scheme, host and port, and nothing after them")
        if not parts.hostname:
            raise InvalidOrigin("an origin has a host")
        scheme = parts.scheme.lower()
        host = parts.hostname.rstrip(".")
        return cls(scheme, host, default_port(scheme) if port is None else port)


@dataclass(frozen=True, slots=True)
class OriginPattern:
    """An allowed origin; ``matches_subdomains`` for the ``*.`` form.

    As in Django, ``https://*.example.com`` also matches ``https://example.com``.
    """

    origin: Origin
    matches_subdomains: bool

    @classmethod
    def parse(cls, text: str) -> OriginPattern:
        """Read one entry. Raises InvalidOrigin."""
        if text == "*":
            raise InvalidOrigin("any site could then act for your users")
        origin = Origin.parse(text)
        if origin.scheme in ("ws", "wss"):
            raise InvalidOrigin("it is the page's origin that counts: http:// or https://")
        if not origin.host.isascii():
            raise InvalidOrigin("browsers send such a host as xn--…: write it so")
        matches_subdomains = origin.host.startswith("*.")
        if "*" in origin.host.removeprefix("*."):
            raise InvalidOrigin("a star may only stand for the first part of the host")
        host = origin.host.removeprefix("*.")
        return cls(Origin(origin.scheme, host, origin.port), matches_subdomains)

    def matches(self, origin: Origin) -> bool:
        if (origin.scheme, origin.port) != (self.origin.scheme, self.origin.port):
            return False
        if self.matches_subdomains:
            return f".{origin.host}".endswith(f".{self.origin.host}")
        return origin.host == self.origin.host


def default_port(scheme: str) -> int | None:
    """The port that an address of this scheme means when it names none."""
    return _DEFAULT_PORTS.get(scheme)
