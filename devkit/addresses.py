"""Where the site and the service listen, and how one says so in a URL."""

from dataclasses import dataclass

from devkit import listener, ports
from devkit.failure import Failure
from devkit.terminal import Terminal

SITE_PORT = 8000
SERVICE_PORT = 8001


@dataclass(frozen=True, slots=True)
class Addresses:
    """The two ports; each is bound on IPv4 loopback, and on IPv6 where there is one."""

    site_port: int
    service_port: int
    has_ipv6: bool

    def binds(self, port: int) -> list[str]:
        """Give `host:port` for each loopback address to listen on."""
        return [f"127.0.0.1:{port}", *([f"[::1]:{port}"] if self.has_ipv6 else [])]

    @property
    def origins(self) -> list[str]:
        """What a browser sends as `Origin` from the site's pages, by each of its three names."""
        return [f"http://{host}:{self.site_port}" for host in ("localhost", "127.0.0.1", "[::1]")]


def refuse_taken(*asked: int | None) -> None:
    """Stop when a port that was asked for is in use.

    Raises:
        Failure: it names the port and, where that can be told, its owner.
    """
    for port in asked:
        if port is not None and _is_taken(port):
            owner = listener.describe(port)
            by = f" by {owner}" if owner else ""
            raise Failure(f"port {port} was asked for and is taken{by}: stop it or choose another")


def choose(site: int | None, service: int | None, terminal: Terminal) -> Addresses:
    """Take the ports that were asked for, else the default ones, else the next free ones.

    Raises:
        Failure: a port that was asked for is taken or not allowed, or none is free.
    """
    refuse_taken(site, service)
    if site is not None and site == service:
        raise Failure(f"the site and the service can't share port {site}: choose two")
    try:
        if site is None and service is None:
            pair = ports.free_pair(SITE_PORT, SERVICE_PORT)
        elif site is None:
            pair = (ports.next_free(SITE_PORT, other_than=service), service or SERVICE_PORT)
        else:
            pair = (site, service or ports.next_free(SERVICE_PORT, other_than=site))
    except ports.NoFreePort as error:
        raise Failure(f"{error}: choose two with --port and --service-port") from error
    _tell_about_changes(site, service, pair, terminal)
    return Addresses(*pair, has_ipv6=ports.has_ipv6_loopback())


def _tell_about_changes(
    site: int | None, service: int | None, pair: tuple[int, int], terminal: Terminal
) -> None:
    expected = (site or SITE_PORT, service or SERVICE_PORT)
    if pair == expected:
        return
    busy = [port for port in expected if port not in (site, service) and _is_taken(port)]
    owners = {owner for port in busy if (owner := listener.describe(port))}
    names = " and ".join(map(str, busy or expected[1:]))
    subject = f"ports {names} are" if len(busy) > 1 else f"port {names} is"
    terminal.notice(f"{subject} in use: taking {pair[0]} and {pair[1]} instead")
    for owner in sorted(owners):
        terminal.excerpt(f"by {owner}")


def _is_taken(port: int) -> bool:
    try:
        return ports.is_taken(port)
    except PermissionError as error:
        raise Failure(f"port {port} is not for this user: choose one above 1023") from error
    except (OSError, OverflowError) as error:
        raise Failure(f"port {port} can't be used: {error}") from error
