"""What the server refuses before the gateway sees it."""

import socket
import struct

from tests.gateway.client import Client
from tests.gateway.conftest import State
from tests.live import Service, wait_until

CUT = 1006


def test_a_frame_over_the_servers_own_limit_is_1009(client: Client, is_daphne: bool) -> None:
    """Refused before it is read as a whole. Stock Daphne cuts instead."""
    client.say("x" * (20_000_000 if not is_daphne else 300_000))
    assert client.end()[0] in ({1009, CUT} if is_daphne else {1009})


def test_text_that_is_no_utf8_is_1007(client: Client, is_daphne: bool) -> None:
    """RFC 6455 section 8.1. Stock Daphne cuts instead."""
    text = b'"\xff"'
    mask = b"\x01\x02\x03\x04"
    body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(text))
    head = struct.pack("!BB", 0x81, 0x80 | len(text))
    client.socket.socket.sendall(head + mask + body)
    assert client.end()[0] in ({1007, CUT} if is_daphne else {1007})


def test_a_client_that_vanishes_in_the_middle_of_a_frame(
    served: Service, client: Client, state: State
) -> None:
    """A phone in a tunnel: nothing of it stays."""
    raw = client.socket.socket
    raw.sendall(b"\x81\xfe")
    raw.shutdown(socket.SHUT_RDWR)
    wait_until(lambda: state["connections"] == 0)
