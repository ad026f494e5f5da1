"""Loopback ports: which are free, on both address families.

A port is free only when IPv4 and IPv6 loopback both are: `localhost` resolves to either, and a
page that reaches another program under the same address is a puzzling thing to debug.
"""

import errno
import socket

IPV4 = "127.0.0.1"
IPV6 = "::1"
_CONNECT_TIMEOUT_S = 0.5
_PAIRS_TRIED = 50
_FREE_PORT_TRIES = 50


class NoFreePort(Exception):
    """Every port that was tried is in use."""


def free_port() -> int:
    """Give a port that is free on IPv4 and IPv6 loopback now.

    Nothing reserves it: another process may take it before the caller does.

    Raises:
        NoFreePort: the system offered only ports that are taken on one of the two families.
    """
    for _ in range(_FREE_PORT_TRIES):
        with socket.socket(socket.AF_INET) as probe:
            probe.bind((IPV4, 0))
            port: int = probe.getsockname()[1]
        if not is_taken(port):
            return port
    raise NoFreePort("no port is free on both 127.0.0.1 and [::1]")


def free_pair(first: int, second: int) -> tuple[int, int]:
    """Give the first free pair of ports, counting both up by two from `first` and `second`.

    Raises:
        NoFreePort: none of the pairs that were tried is free.
    """
    for step in range(0, 2 * _PAIRS_TRIED, 2):
        pair = (first + step, second + step)
        if not any(is_taken(port) for port in pair):
            return pair
    raise NoFreePort(f"no free pair of ports from {first} and {second} upwards")


def next_free(port: int, *, other_than: int | None = None) -> int:
    """Give `port`, or the first free one after it, but never `other_than`.

    Raises:
        NoFreePort: none of the ports that were tried is free.
    """
    for candidate in range(port, port + _PAIRS_TRIED):
        if candidate != other_than and not is_taken(candidate):
            return candidate
    raise NoFreePort(f"no free port from {port} upwards")


def is_taken(port: int) -> bool:
    """Tell whether somebody uses `port` on a loopback address, or on all addresses.

    Raises:
        PermissionError: this user may not bind `port` at all (below 1024, usually).
    """
    families = [(socket.AF_INET, IPV4)]
    if has_ipv6_loopback():
        families.append((socket.AF_INET6, IPV6))
    return any(_is_bound(family, host, port) or _answers(host, port) for family, host in families)


def has_ipv6_loopback() -> bool:
    """Tell whether this machine has `[::1]`: containers and some laptops don't."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind((IPV6, 0))
    except OSError:
        return False
    return True


def _is_bound(family: socket.AddressFamily, host: str, port: int) -> bool:
    with socket.socket(family) as probe:
        # As servers do: a port whose last connections are in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise
    return False


def _answers(host: str, port: int) -> bool:
    # macOS lets 127.0.0.1 be bound while another program listens on 0.0.0.0.
    try:
        socket.create_connection((host, port), timeout=_CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    return True
