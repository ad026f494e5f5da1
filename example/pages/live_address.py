"""Where a page finds the service, as seen from the request that asked for the page."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


def live_source(request: HttpRequest) -> str:
    """The service's address as a source expression of a Content-Security-Policy.

    ``ws:`` in such an expression also allows ``wss:``, so behind a proxy that ends TLS nothing
    has to be known about the scheme. Raises DisallowedHost, as every use of the host does.
    """
    scheme = urlsplit(settings.LIVE_URL).scheme if _is_absolute() else "ws"
    return _source(scheme, live_host(request))


def live_host(request: HttpRequest) -> str:
    """The service's host and port. Raises DisallowedHost, as every use of the host does."""
    if _is_absolute():
        return urlsplit(settings.LIVE_URL).netloc
    host = request.get_host()
    return without_port(host) + settings.LIVE_URL if settings.LIVE_URL else host


def _is_absolute() -> bool:
    return settings.LIVE_URL.startswith(("ws://", "wss://"))


def _source(scheme: str, host: str) -> str:
    # The grammar of a policy has no IPv6 addresses, and browsers drop what they can't parse:
    # for those the scheme has to do (CSP level 3, section 2.3.1, host-source).
    return f"{scheme}:" if host.startswith("[") else f"{scheme}://{host}"


def without_port(host: str) -> str:
    """A host's name or address alone."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
