"""What the server refuses before the gateway sees it."""

import socket
import struct

import pytest

from tests.gateway.client import Client
from tests.gateway.conftest import State
from tests.live import Service, wait_until
from ws_service import publish


def test_a_frame_over_the_servers_own_limit_is_1009(client: Client, is_daphne: bool) -> None:
    """Refused before it is read as a whole. Stock Daphne cuts the connection instead."""
    client.say("x" * (20_000_000 if not is_daphne else 300_000))
    assert client.end()[0] == 1009


def test_text_that_is_no_utf8_is_1007(client: Client) -> None:
    """RFC 6455 section 8.1. Stock Daphne cuts the connection instead."""
    text = b'"\xff"'
    mask = b"\x01\x02\x03\x04"
    body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(text))
    head = struct.pack("!BB", 0x81, 0x80 | len(text))
    client.socket.socket.sendall(head + mask + body)
    assert client.end()[0] == 1007


def test_a_client_that_vanishes_in_the_middle_of_a_frame(
    served: Service, client: Client, state: State
) -> None:
    """A phone in a tunnel: nothing of it stays."""
    raw = client.socket.socket
    raw.sendall(b"\x81\xfe")
    raw.shutdown(socket.SHUT_RDWR)
    wait_until(lambda: state["connections"] == 0)


@pytest.mark.usefixtures("publishing")
def test_the_limit_of_the_server_is_for_clients_only(client: Client, name: str) -> None:
    """What is joined in one frame, or a page of history, is more than a client may send at once;
    who wants more than a page asks again from its end.
    """
    channel = f"open:{name}"
    client.ask("subscribe", channel=channel)
    sent = [f"{n}-{'x' * 60_000}" for n in range(20)]
    for data in sent:
        publish(channel, data, on_commit=False)
    assert [client.publication() for _ in sent] == sent
    seen: list[str] = []
    pages = 0
    while len(seen) < len(sent):
        since = {"offset": len(seen), "epoch": ""}
        page = client.ask("history", channel=channel, limit=-1, since=since)["history"]
        assert page["publications"]
        assert page["offset"] == len(sent)
        seen += [publication["data"] for publication in page["publications"]]
        pages += 1
    assert seen == sent
    assert 2 <= pages < len(sent)
