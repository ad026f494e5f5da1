"""The beginning of a conversation: connect first, once, in time."""

import pytest

from tests.protocol.peer import Peer, asked, close_code, errors, frame, messages, session
from ws_service.protocol.codes import Disconnect, ReplyError, Unsubscribe
from ws_service.protocol.effects import Close, Detach, Established, Write
from ws_service.protocol.messages import SubscribeResult


def test_the_answer_tells_the_client_who_it_is_and_when_pings_come() -> None:
    """SDKs raise without `client`, and drop the connection when pings don't come as promised."""
    opened = session()
    opened.receive('{"id":7,"connect":{}}', 0.0)
    effects = opened.connected(7, {})
    assert messages(effects) == [
        {"id": 7, "connect": {"client": "client-1", "version": "1.0", "ping": 25, "pong": True}}
    ]
    assert isinstance(effects[-1], Established)


def test_commands_behind_connect_in_the_first_frame_are_answered_after_it() -> None:
    """The JavaScript SDK sends connect and all its subscriptions in one frame."""
    peer = Peer(is_connected=False)
    effects = peer.send(peer.command("connect"), peer.command("subscribe", channel="a"))
    assert asked(effects) == [1]
    effects = peer.session.connected(1, {})
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
    peer = Peer(is_connected=False)
    effects = peer.send(peer.command("connect"), peer.command("connect"))
    assert close_code(effects) == 3501


def test_what_follows_a_breach_in_the_same_frame_has_no_effect() -> None:
    """A client that fails to connect must not get its subscriptions executed."""
    peer = Peer(is_connected=False)
    effects = peer.send(peer.command("subscribe", channel="a"), peer.command("connect"))
    assert effects == [Close(Disconnect.BAD_REQUEST.value)]


def test_an_error_ends_the_conversation_but_not_the_connection() -> None:
    """SDKs read the error and leave by themselves; a close code would tell them something else."""
    peer = Peer(is_connected=False)
    peer.send(peer.command("connect", token="x.y.z"), peer.command("subscribe", channel="a"))
    effects = peer.session.failed(1, ReplyError.TOKEN_EXPIRED)
    assert errors(effects) == [(1, 109)]
    assert close_code(effects) is None
    assert peer.session.connected(1, {}) == []
    assert close_code(peer.send(peer.command("subscribe", channel="a"))) == 3501


def test_a_client_that_stays_after_an_error_is_sent_away() -> None:
    """An open socket costs something; a temporary error is no reason to send it away for good."""
    for error, code in ((ReplyError.UNKNOWN_CHANNEL, 3502), (ReplyError.INTERNAL, 3011)):
        peer = Peer(is_connected=False)
        peer.ask("connect")
        peer.session.failed(1, error)
        assert close_code(peer.session.connect_due()) == code


def test_the_answer_says_when_the_token_ends() -> None:
    """SDKs fetch another one in time."""
    peer = Peer(is_connected=False)
    peer.ask("connect", token="x.y.z")
    (message,) = messages(peer.session.connected(1, {}, 300))
    assert (message["connect"]["expires"], message["connect"]["ttl"]) == (True, 300)


def with_own_topic() -> Peer:
    """Somebody whom the server has subscribed."""
    peer = Peer(is_connected=False, subscriptions=2)
    peer.ask("connect")
    peer.session.connected(1, {"#42": SubscribeResult(recoverable=True, epoch="e", offset=3)})
    return peer


def test_the_servers_own_subscriptions_are_in_the_answer() -> None:
    """All of them: SDKs drop those that are missing."""
    peer = Peer(is_connected=False)
    peer.ask("connect")
    result = SubscribeResult(recoverable=True, epoch="e", offset=3)
    (message,) = messages(peer.session.connected(1, {"#42": result}))
    assert message["connect"]["subs"] == {"#42": {"recoverable": True, "epoch": "e", "offset": 3}}
    assert peer.session.subscriptions == {"#42"}


def test_the_servers_own_subscriptions_count() -> None:
    """105 for the same one, 106 past the limit."""
    peer = with_own_topic()
    command_id, effects = peer.ask("subscribe", channel="#42")
    assert errors(effects) == [(command_id, 105)]
    peer.subscribe("a")
    command_id, effects = peer.ask("subscribe", channel="b")
    assert errors(effects) == [(command_id, 106)]


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (Unsubscribe.INSUFFICIENT_STATE, 3010),
        (Unsubscribe.EXPIRED, 3006),
        (Unsubscribe.SERVER, None),
    ],
)
def test_a_lost_position_of_the_servers_own_ends_the_connection(
    end: Unsubscribe, code: int | None
) -> None:
    """Clients recover those only when they connect."""
    effects = with_own_topic().session.unsubscribe("#42", end)
    assert close_code(effects) == code
    assert Detach("#42") in effects


def test_a_client_that_never_connects_is_sent_away() -> None:
    """An open socket costs something."""
    opened = session()
    assert close_code(opened.connect_due()) == 3502
    assert Peer().session.connect_due() == []


def test_claimed_headers_and_unknown_fields_are_ignored() -> None:
    """SDKs of later versions send fields that this server has not heard of."""
    opened = session()
    opened.receive(
        frame({"id": 1, "connect": {"headers": {"X-User": "root"}, "subs": {"a": {}}, "new": 1}}),
        0.0,
    )
    effects = opened.connected(1, {})
    assert close_code(effects) is None
    assert messages(effects)[0]["connect"]["client"] == "client-1"
