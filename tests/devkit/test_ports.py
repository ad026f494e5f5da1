"""Ports: free means free on both families, and a taken one has an owner."""

import os
import socket

import pytest

from devkit import addresses, listener, ports
from devkit.failure import Failure
from devkit.terminal import Terminal


def test_a_free_port_can_be_bound() -> None:
    """Every server of the tests gets its port from here."""
    with socket.create_server(("127.0.0.1", ports.free_port())):
        pass


@pytest.mark.parametrize(
    ("family", "host"),
    [
        (socket.AF_INET, "127.0.0.1"),
        (socket.AF_INET, "0.0.0.0"),
        (socket.AF_INET6, "::1"),
    ],
)
def test_a_port_is_taken_when_one_address_is(family: socket.AddressFamily, host: str) -> None:
    """`localhost` may resolve to the address on which another program listens."""
    if family is socket.AF_INET6 and not ports.has_ipv6_loopback():
        family, host = socket.AF_INET, "127.0.0.1"  # nothing more to see on this machine
    port = ports.free_port()
    with socket.create_server((host, port), family=family):
        assert ports.is_taken(port)
    assert not ports.is_taken(port)


def test_the_next_pair_is_taken_when_one_of_the_first_is_busy() -> None:
    """Site and service keep neighbouring numbers, so that people remember both."""
    first = _three_free_pairs()
    with socket.create_server(("127.0.0.1", first + 1)):
        assert ports.free_pair(first, first + 1) == (first + 2, first + 3)


def test_the_owner_of_a_port_is_named() -> None:
    """Somebody who is told that a port is taken wants to know by whom."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        owner = listener.describe(server.getsockname()[1])
    assert owner is not None
    assert owner.startswith(f"process {os.getpid()} ")


def test_a_port_cannot_be_asked_for_twice() -> None:
    """The site and the service would fight for it."""
    port = ports.free_port()
    with pytest.raises(Failure, match=f"can't share port {port}"):
        addresses.choose(port, port, Terminal())


def test_a_number_that_is_no_port_is_refused() -> None:
    """A typing error gets a line, not a traceback."""
    with pytest.raises(Failure, match="70000"):
        addresses.refuse_taken(70000)


def _three_free_pairs() -> int:
    return next(
        start
        for start in (ports.free_port() for _ in range(50))
        if start + 5 < 65536 and not any(ports.is_taken(start + more) for more in range(6))
    )
