"""Who is subscribed, asked from a view."""

import asyncio
import sys
from datetime import timedelta

import pytest

import ws_service
from tests.publishing.store import Store
from ws_service import ClientInfo, Topic, topic
from ws_service.broker.leases import renew_call
from ws_service.broker.presence import LOOKED_AT_ONCE, Entry, State, write_call
from ws_service.errors import NotAvailable, UnknownTopic
from ws_service.publishing.broker import publisher
from ws_service.publishing.presence import live_nodes


class Room(Topic):
    """Knows who is there."""

    presence = True


@pytest.fixture(autouse=True)
def rooms(store: Store) -> None:
    vars(sys.modules["publishing_routing"])["topics"].append(topic("rooms:<str:name>", Room))


def enter(*clients: str, user: str = "1", lease: timedelta = timedelta(minutes=1)) -> None:
    """What a service process does for its clients."""
    name = f"process-{user}"
    lease_ms = round(lease.total_seconds() * 1000)
    node = b'{"uid":"%b"}' % name.encode()
    publisher().ask(lambda keys: renew_call(keys, 0, name, lease_ms, node, is_new=True))
    info = '{"user":"%s","client":"%s","chan_info":{"mood":"good"}}'
    entries = [
        Entry(State.PRESENT, client, b'"%b"' % user.encode(), (info % (user, client)).encode())
        for client in clients
    ]
    publisher().ask(lambda keys: write_call(keys, name, "rooms:7", entries, was_lost=False))


def test_a_view_sees_who_is_subscribed() -> None:
    """A page that shows who is there, before its socket is open."""
    enter("a", user="1")
    enter("b", "c", user="2")
    assert ws_service.get_presence("rooms:7") == {
        "a": ClientInfo("1", "a", chan_info={"mood": "good"}),
        "b": ClientInfo("2", "b", chan_info={"mood": "good"}),
        "c": ClientInfo("2", "c", chan_info={"mood": "good"}),
    }
    stats = ws_service.get_presence_stats("rooms:7")
    assert (stats.num_clients, stats.num_users) == (3, 2)


def test_an_empty_room_is_empty() -> None:
    """Nobody has to ask whether it exists."""
    assert ws_service.get_presence("rooms:7") == {}
    assert ws_service.get_presence_stats("rooms:7").num_clients == 0


def test_clients_of_a_dead_process_are_left_out(store: Store) -> None:
    """Nobody sees them, also before somebody has cleared them away."""
    enter("a", user="1")
    enter("b", user="2", lease=timedelta(seconds=-1))
    assert set(ws_service.get_presence("rooms:7")) == {"a"}
    assert ws_service.get_presence_stats("rooms:7").num_users == 1
    assert live_nodes() == [b'{"uid":"process-1"}']


def test_a_large_room_is_seen_whole() -> None:
    """It is read a part at a time, so that Redis has time for others."""
    clients = {f"client-{number}" for number in range(3 * LOOKED_AT_ONCE)}
    enter(*clients)
    assert set(ws_service.get_presence("rooms:7")) == clients
    assert ws_service.get_presence_stats("rooms:7").num_clients == len(clients)


def test_a_topic_without_presence_says_so() -> None:
    """An empty answer would look like an empty room."""
    for ask in (ws_service.get_presence, ws_service.get_presence_stats):
        with pytest.raises(NotAvailable, match="presence = True"):
            ask("orders:1")
        with pytest.raises(UnknownTopic):
            ask("nothing:1")


async def test_asynchronous_code_awaits() -> None:
    """A view may be async; the blocking form refuses to stop its event loop."""
    await asyncio.to_thread(enter, "a")
    assert set(await ws_service.aget_presence("rooms:7")) == {"a"}
    assert (await ws_service.aget_presence_stats("rooms:7")).num_clients == 1
