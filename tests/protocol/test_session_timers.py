"""Pings, pongs, and ends that the server decides."""

from tests.protocol.peer import Peer, asked, close_code, errors, messages, session
from ws_service.protocol.codes import Disconnect, ReplyError, Unsubscribe
from ws_service.protocol.effects import Close, Detach, Write
from ws_service.protocol.lines import PING


def test_a_ping_is_an_empty_message_and_its_pong_too() -> None:
    """Clients take the silence of pings for a dead link."""
    peer = Peer()
    assert peer.session.ping_due() == [Write(PING)]
    assert messages([Write(PING)]) == [{}]
    assert peer.send({}) == []
    assert peer.session.pong_due() == []


def test_a_client_that_does_not_answer_a_ping_is_gone() -> None:
    """Half-open connections would be kept for hours."""
    peer = Peer()
    peer.session.ping_due()
    assert close_code(peer.session.pong_due()) == 3012


def test_other_commands_are_no_pong() -> None:
    """Only a pong shows that the client's own timer works."""
    peer = Peer()
    peer.session.ping_due()
    peer.ask("publish", channel="a")
    assert close_code(peer.session.pong_due()) == 3012


def test_a_pong_that_nobody_asked_for_ends_the_connection() -> None:
    """A command that lost its id looks the same: it would wait for an answer for ever."""
    assert close_code(Peer().send({})) == 3501
    assert close_code(Peer().send({"subscribe": {"channel": "a"}})) == 3501


def test_one_ping_takes_one_pong() -> None:
    """The second one answers nothing."""
    peer = Peer()
    peer.session.ping_due()
    assert close_code(peer.send({}, {})) == 3501


def test_nobody_is_pinged_before_connect_and_after_the_end() -> None:
    """The client learns of pings by the answer to connect."""
    assert session().ping_due() == []
    assert session().pong_due() == []
    peer = Peer()
    peer.session.disconnect(Disconnect.SHUTDOWN)
    assert peer.session.ping_due() == []
    assert peer.session.pong_due() == []


def test_the_server_ends_a_subscription() -> None:
    """Nothing of the channel may follow the push; Python's SDK needs code and reason."""
    peer = Peer()
    peer.subscribe("a")
    effects = peer.session.unsubscribe("a", Unsubscribe.INSUFFICIENT_STATE)
    assert effects[0] == Detach("a")
    assert messages(effects) == [
        {"push": {"channel": "a", "unsubscribe": {"code": 2500, "reason": "insufficient state"}}}
    ]
    assert peer.session.unsubscribe("a", Unsubscribe.SERVER) == []
    assert peer.session.subscriptions == frozenset()


def test_the_end_lets_go_of_every_subscription_first() -> None:
    """A topic must not hold connections that are gone."""
    peer = Peer()
    for channel in "ba":
        peer.subscribe(channel)
    effects = peer.session.disconnect(Disconnect.SHUTDOWN)
    assert effects == [Detach("a"), Detach("b"), Close(Disconnect.SHUTDOWN.value)]
    assert peer.session.disconnect(Disconnect.SHUTDOWN) == []


def test_after_the_end_nothing_has_an_effect() -> None:
    """Answers that come late, frames that were under way."""
    peer = Peer()
    peer.subscribe("a")
    waiting, _ = peer.ask("subscribe", channel="b")
    peer.session.lost()
    assert peer.session.is_closed
    assert peer.send(peer.command("history", channel="a")) == []
    assert peer.let_in(waiting) == []
    assert peer.session.unsubscribe("a", Unsubscribe.SERVER) == []
    assert peer.session.connect_due() == []


def test_a_client_that_waits_for_its_answer_is_not_sent_away() -> None:
    """It did say who it is, in time: a slow database is no reason to send it away for good."""
    peer = Peer(is_connected=False)
    peer.ask("connect")
    assert peer.session.connect_due() == []
    assert not peer.session.is_closed


def test_the_server_refuses_a_subscription_that_is_only_being_asked_for() -> None:
    """The site's order is newer than what its policy has seen; nothing may stay attached."""
    peer = Peer()
    command_id, _ = peer.ask("subscribe", channel="a")
    assert peer.session.unsubscribe("a", Unsubscribe.SERVER) == []
    effects = peer.let_in(command_id)
    assert effects[0] == Detach("a")
    assert errors(effects) == [(command_id, 103)]
    assert peer.session.subscriptions == frozenset()


def test_what_is_asked_after_the_servers_refusal_is_asked_anew() -> None:
    """The order was for what came before it, in that channel."""
    peer = Peer()
    first, _ = peer.ask("subscribe", channel="a")
    other, _ = peer.ask("subscribe", channel="b")
    again, effects = peer.ask("subscribe", channel="a")
    assert asked(effects) == []
    peer.session.unsubscribe("a", Unsubscribe.SERVER)
    assert asked(peer.let_in(first)) == [again]
    for command_id in (again, other):
        assert errors(peer.let_in(command_id)) == []
    assert peer.session.subscriptions == {"a", "b"}


def test_a_subscription_that_fails_anyway_is_refused_once() -> None:
    """The policy has said no as well, or the database is away."""
    peer = Peer()
    command_id, _ = peer.ask("subscribe", channel="a")
    peer.session.unsubscribe("a", Unsubscribe.SERVER)
    effects = peer.session.failed(command_id, ReplyError.INTERNAL)
    assert errors(effects) == [(command_id, 100)]
    assert errors(peer.subscribe("a")) == []
