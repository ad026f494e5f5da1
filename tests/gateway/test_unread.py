"""A client that sends while its commands wait is held back by its own socket."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest

from tests.gateway.client import Client
from tests.gateway.conftest import Gate, State
from tests.live import Service, wait_until

FRAME_BYTES = 10_000
SENT_BYTES = 40_000_000
"""More than all buffers on the way to the service."""

STUCK_S = 0.5


@pytest.fixture
def pipe(served: Service) -> Iterator[socket.socket]:
    """What a WebSocket runs on, for who writes frames by hand."""
    with closing(socket.create_connection(("127.0.0.1", served.port))) as pipe:
        yield pipe


def frame(size: int) -> bytes:
    """A text message, masked with nothing."""
    return b"\x81\xfe" + size.to_bytes(2, "big") + bytes(4) + b"x" * size


# Uvicorn does so by itself.
@pytest.mark.once
@pytest.mark.parametrize("served", ["daphne"], indirect=True)
def test_a_client_that_is_not_read_from_can_not_fill_the_memory(
    pipe: socket.socket,
    open_client: Callable[..., Client],
    close_gate: Callable[[str], Gate],
    state: State,
    name: str,
) -> None:
    """Nobody but the client itself pays for what it sends too early."""
    gate = close_gate(name)
    client = open_client(sock=pipe, compression=None)
    most_kib = state["most_kib"]
    channel = f"gated:{name}"
    waiting = [client.command("history", channel=channel) for _ in range(100)]
    client.say(client.command("subscribe", channel=channel), *waiting)
    gate.wait_for_somebody()
    sent = send_until_stuck(pipe)
    assert sent < SENT_BYTES
    assert state["most_kib"] - most_kib < 16_384
    pipe.shutdown(socket.SHUT_RDWR)
    gate.open()
    wait_until(lambda: state["connections"] == 0)


def send_until_stuck(pipe: socket.socket) -> int:
    """How many bytes the other side has taken."""
    message, sent = frame(FRAME_BYTES), 0
    pipe.settimeout(STUCK_S)
    with suppress(TimeoutError):
        while sent < SENT_BYTES:
            pipe.sendall(message)
            sent += len(message)
    return sent
