"""What a client has missed comes with the answer to ``connect``, as far as it fits."""

import json
from collections.abc import Callable

import pytest
from msgspec import Raw

from tests.gateway import tokens
from tests.gateway.client import Client, Message
from tests.gateway.conftest import Gate
from tests.live import ANSWER_LIMIT_S, Service
from ws_service import position, publish, publish_many
from ws_service.gateway.starting import Starting
from ws_service.protocol.messages import SubscribeResult

SEND_BUFFER_BYTES = 1_048_576
LARGE = "x" * 50_000
MANY = 9
"""Of these 50,000 bytes are less than half of a send buffer: one topic may recover them."""

on_daphne = pytest.mark.parametrize("served", ["daphne"], indirect=True)


def missed(size: int) -> SubscribeResult:
    return SubscribeResult(publications=[Raw(b"x" * size)] * 2)


def test_all_that_is_recovered_and_comes_meanwhile_fits_into_the_send_buffer() -> None:
    """Else who has missed much is sent away as slow, comes back, and has missed as much."""
    starting = Starting(800)
    assert starting.has_room(400)
    starting.add("a", missed(100))
    assert starting.has_room(200)
    assert not starting.has_room(201)
    starting.add("b", missed(100))
    assert not starting.has_room(1)
    assert 400 + starting.held.limit_bytes <= 800


def test_what_the_site_has_revoked_is_not_told() -> None:
    """Whether the order came before the subscription or after it."""
    starting = Starting(800)
    for channel in "ab":
        starting.add(channel, missed(1))
    starting.revoke("a")
    starting.revoke("c")
    starting.add("c", missed(1))
    assert set(starting.results) == {"b"}
    assert starting.revoked == {"a", "c"}


@pytest.fixture
def large(publishing: None, name: str) -> dict[str, Message]:
    """Topics that together have more than fits, and what to say to recover them all."""
    channels = [f"open:{name}-{n}" for n in range(3)]
    epochs = {channel: position(channel).epoch for channel in channels}
    publish_many([(channel, LARGE) for channel in channels for _ in range(MANY)], on_commit=False)
    return {
        channel: {"recover": True, "offset": 0, "epoch": epoch} for channel, epoch in epochs.items()
    }


@on_daphne
@pytest.mark.once
@pytest.mark.django_db
def test_a_client_of_busy_topics_that_was_away_is_not_slow(
    open_client: Callable[..., Client],
    close_gate: Callable[[str], Gate],
    large: dict[str, Message],
    name: str,
) -> None:
    """It gets what fits, is told of the gaps, and hears what is published meanwhile."""
    gate = close_gate(name)
    client = open_client(is_connected=False, max_size=None)
    token = tokens.connection("", channels=[*large, f"gated:{name}"])
    command = client.command("connect", token=token, subs=large)
    client.say(command)
    gate.wait_for_somebody()
    for channel in large:
        publish(channel, "meanwhile", on_commit=False)
    gate.open()
    subs = client.reply_to(command["id"])["connect"]["subs"]
    recovered = {channel for channel in large if subs[channel].get("recovered")}
    assert len(recovered) == 1
    assert all("publications" not in subs[gap] for gap in set(large) - recovered)
    assert all(subs[channel]["was_recovering"] for channel in large)
    publish(f"gated:{name}", "end", on_commit=False)
    while (heard := client.publication()) != "end":
        assert heard == "meanwhile"


@on_daphne
@pytest.mark.once
@pytest.mark.django_db
def test_a_listener_of_many_topics_does_not_fill_the_memory(
    served: Service, large: dict[str, Message]
) -> None:
    """Three kilobytes of wishes were answered by megabytes."""
    with served.connect("/connection/uni_websocket", origin=None, max_size=None) as socket:
        socket.send(json.dumps({"subs": large}))
        message = socket.recv(timeout=ANSWER_LIMIT_S)
    assert len(message) < SEND_BUFFER_BYTES // 2 + len(LARGE)
    subs = json.loads(message)["connect"]["subs"]
    assert sum(bool(subs[channel].get("recovered")) for channel in large) == 1
