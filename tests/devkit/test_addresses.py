"""What is said when the usual ports are busy."""

import contextlib
import socket

import pytest

from devkit import addresses, ports
from devkit.terminal import Terminal


@pytest.mark.parametrize(
    ("busy", "said"),
    [
        ([0], "port {0} is in use: taking {2} and {3} instead"),
        ([1], "port {1} is in use: taking {2} and {3} instead"),
        ([0, 1], "ports {0} and {1} are in use: taking {2} and {3} instead"),
    ],
)
def test_each_busy_port_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], busy: list[int], said: str
) -> None:
    """Somebody has to know which program to stop, and where to click instead."""
    usual = four_free_ports()[:2]
    monkeypatch.setattr(addresses, "SITE_PORT", usual[0])
    monkeypatch.setattr(addresses, "SERVICE_PORT", usual[1])

    with contextlib.ExitStack() as stack:
        for which in busy:
            stack.enter_context(socket.create_server((ports.IPV4, usual[which])))
        chosen = addresses.choose(None, None, Terminal())

    assert said.format(*usual, chosen.site_port, chosen.service_port) in capsys.readouterr().out


def four_free_ports() -> list[int]:
    """Neighbours, as the default ports are: a busy pair gives way to the next one."""
    for _ in range(50):
        first = ports.free_port()
        four = [*range(first, first + 4)]
        if not any(ports.is_taken(port) for port in four):
            return four
    raise AssertionError("no four free ports in a row")
