"""May this page open a WebSocket here? Browsers send cookies across sites; Origin tells.

The rule: the page comes from the very host and port that it connects to, or from an origin
that the site lists. A handshake without an Origin is no browser's; it passes, and its cookies
are ignored (see ``IdentityMiddleware``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.http.request import split_domain_port, validate_host

from ws_service.conf import ServiceConfig
from ws_service.identity.headers import header_values
from ws_service.origin_pattern import InvalidOrigin, Origin, OriginPattern, default_port

Headers = Iterable[tuple[bytes, bytes]]

PORT_DIGITS: Final = 5


@dataclass(frozen=True, slots=True)
class OriginPolicy:
    """The site's answer for every origin; a pure function of the handshake."""

    allowed: tuple[OriginPattern, ...]
    allowed_hosts: tuple[str, ...]
    use_x_forwarded_host: bool
    secure_proxy_ssl_header: tuple[str, str] | None

    @classmethod
    def from_config(cls, config: ServiceConfig) -> "OriginPolicy":
        return cls(
            allowed=config.allowed_origins,
            allowed_hosts=config.allowed_hosts,
            use_x_forwarded_host=config.use_x_forwarded_host,
            secure_proxy_ssl_header=config.secure_proxy_ssl_header,
        )

    def allows(self, headers: Headers, scope_scheme: str | None) -> bool:
        """Decide for one handshake.

        scope_scheme: the ASGI scope's scheme, None where the server gives none (Daphne).
        """
        sent = header_values(headers, b"origin")
        if not sent:
            return True
        if len(sent) > 1:
            return False
        try:
            origin = Origin.parse(sent[0])
        except InvalidOrigin:
            return False
        if any(pattern.matches(origin) for pattern in self.allowed):
            return True
        return self._is_own(origin, headers, scope_scheme)

    def _is_own(self, origin: Origin, headers: Headers, scope_scheme: str | None) -> bool:
        if origin.scheme not in ("http", "https"):
            return False
        page_scheme = self._page_scheme(headers, scope_scheme)
        if page_scheme is not None and origin.scheme != page_scheme:
            return False
        host, port = split_domain_port(self._request_host(headers))
        # An unlisted Host is a rebound DNS name: the page's own, and still a stranger's.
        if not host or not validate_host(host, self.allowed_hosts):
            return False
        if len(port) > PORT_DIGITS:
            return False
        request_port = int(port) if port else default_port(origin.scheme)
        return (origin.host, origin.port) == (host.strip("[]").rstrip("."), request_port)

    def _request_host(self, headers: Headers) -> str:
        """The host as the page's server sees it; empty, so nobody's own, when it is sent twice."""
        forwarded = header_values(headers, b"x-forwarded-host")
        sent = forwarded if self.use_x_forwarded_host and forwarded else None
        values = sent or header_values(headers, b"host")
        return values[0] if len(values) == 1 else ""

    def _page_scheme(self, headers: Headers, scope_scheme: str | None) -> str | None:
        """``http`` or ``https`` where it is known; a proxy without the header hides it."""
        if self.secure_proxy_ssl_header is not None:
            name, secure_value = self.secure_proxy_ssl_header
            wire_name = name.removeprefix("HTTP_").replace("_", "-").lower().encode()
            if values := header_values(headers, wire_name):
                return "https" if values[0].split(",")[0].strip() == secure_value else "http"
        return "https" if scope_scheme == "wss" else None
