"""The beginning of a conversation: connect first, once, in time."""

import pytest

from tests.protocol.peer import Peer, asked, close_code, frame, messages, session
from ws_service.protocol.codes import Disconnect
from ws_service.protocol.effects import Close, Established, Write


def test_the_answer_tells_the_client_who_it_is_and_when_pings_come() -> None:
    """SDKs raise without `client`, and drop the connection when pings don't come as promised."""
    effects = session().receive('{"id":7,"connect":{}}', 0.0)
    assert messages(effects) == [
        {"id": 7, "connect": {"client": "client-1", "version": "1.0", "ping": 25, "pong": True}}
    ]
    assert isinstance(effects[-1], Established)


def test_commands_behind_connect_in_the_first_frame_are_answered_after_it() -> None:
    """The JavaScript SDK sends connect and all its subscriptions in one frame."""
    peer = Peer(is_connected=False)
    effects = peer.send(peer.command("connect"), peer.command("subscribe", channel="a"))
    assert isinstance(effects[0], Write)
    assert asked(effects) == [2]


@pytest.mark.parametrize(
    "command",
    [
        {"id": 1, "subscribe": {"channel": "a"}},
        {"id": 1, "publish": {"channel": "a", "data": 1}},
        {"id": 1},
        {"connect": {}},
        {"id": 0, "connect": {}},
        {"send": {"data": 1}},
        {},
    ],
)
def test_anything_before_connect_ends_the_connection(command: dict[str, object]) -> None:
    """Nobody is served before it is known who asks."""
    assert close_code(session().receive(frame(command), 0.0)) == 3501


def test_a_second_connect_ends_the_connection() -> None:
    """A connection has one client."""
    peer = Peer()
    assert close_code(peer.send(peer.command("connect"))) == 3501


def test_what_follows_a_breach_in_the_same_frame_has_no_effect() -> None:
    """A client that fails to connect must not get its subscriptions executed."""
    peer = Peer(is_connected=False)
    effects = peer.send(peer.command("subscribe", channel="a"), peer.command("connect"))
    assert effects == [Close(Disconnect.BAD_REQUEST)]


def test_a_token_that_nobody_can_verify_ends_the_connection() -> None:
    """Whoever sends one doesn't mean to be anonymous."""
    peer = Peer(is_connected=False)
    assert close_code(peer.send(peer.command("connect", token="x.y.z"))) == 3500


def test_a_client_that_never_connects_is_sent_away() -> None:
    """An open socket costs something."""
    opened = session()
    assert close_code(opened.connect_due()) == 3502
    assert Peer().session.connect_due() == []


def test_claimed_headers_and_unknown_fields_are_ignored() -> None:
    """SDKs of later versions send fields that this server has not heard of."""
    effects = session().receive(
        frame({"id": 1, "connect": {"headers": {"X-User": "root"}, "subs": {"a": {}}, "new": 1}}),
        0.0,
    )
    assert close_code(effects) is None
    assert messages(effects)[0]["connect"]["client"] == "client-1"
