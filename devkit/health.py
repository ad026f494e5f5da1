"""Whether the parts answer, asked as their users would."""

import http.client

from devkit.addresses import Addresses

_TIMEOUT_S = 3.0


def site_trouble(addresses: Addresses) -> str | None:
    """Ask the site for its first page on every address; None when it answers."""
    for host in _hosts(addresses):
        connection = http.client.HTTPConnection(host, addresses.site_port, timeout=_TIMEOUT_S)
        try:
            connection.request("GET", "/")
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"{host} port {addresses.site_port}: {error}"
        finally:
            connection.close()
        if status >= http.HTTPStatus.BAD_REQUEST:
            return f"{host} port {addresses.site_port}: status {status}"
    return None


def service_trouble(addresses: Addresses) -> str | None:
    """Ask the service whether it is ready on every address; None when it is."""
    # Not at the top: a checkout without the library can still show its help.
    from ws_service import probe
    from ws_service.bind import Bind

    for host in _hosts(addresses):
        try:
            probe.ready(Bind(host, addresses.service_port), _TIMEOUT_S)
        except probe.Unhealthy as error:
            return str(error)
    return None


def _hosts(addresses: Addresses) -> list[str]:
    return ["127.0.0.1", *(["::1"] if addresses.has_ipv6 else [])]
