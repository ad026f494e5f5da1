"""Order within a channel, work side by side, and how much may wait."""

from tests.protocol.peer import Peer, asked, errors, messages
from ws_service.protocol.codes import ReplyError
from ws_service.protocol.command_queue import AT_ONCE, WAITING_LIMIT
from ws_service.protocol.effects import Detach, Write


def test_unsubscribe_behind_a_running_subscribe_waits_for_it() -> None:
    """JavaScript may put both into one frame; the other way round the subscription would stay."""
    peer = Peer()
    effects = peer.send(
        peer.command("subscribe", channel="a"), peer.command("unsubscribe", channel="a")
    )
    assert asked(effects) == [2]
    assert messages(effects) == []
    effects = peer.let_in(2)
    assert [m["id"] for m in messages(effects)] == [2, 3]
    assert isinstance(effects[0], Write)
    assert effects[1] == Detach("a")
    assert peer.session.subscriptions == frozenset()


def test_subscribe_behind_unsubscribe_is_asked_again() -> None:
    """A component that is taken away and put back within one frame."""
    peer = Peer()
    peer.subscribe("a")
    effects = peer.send(
        peer.command("unsubscribe", channel="a"), peer.command("subscribe", channel="a")
    )
    assert [type(effect).__name__ for effect in effects] == ["Detach", "Write", "Ask"]


def test_a_whole_row_of_one_channel_keeps_its_order() -> None:
    """Subscribe, unsubscribe, history and subscribe again, sent before anything was answered."""
    peer = Peer()
    kinds = ["subscribe", "unsubscribe", "history", "subscribe", "subscribe"]
    effects = peer.send(*(peer.command(kind, channel="a") for kind in kinds))
    assert asked(effects) == [2]
    effects = peer.let_in(2)
    assert [m["id"] for m in messages(effects)] == [2, 3]
    assert asked(effects) == [4]
    effects = peer.give_history(4)
    assert asked(effects) == [5]
    effects = peer.let_in(5)
    assert [m["id"] for m in messages(effects)] == [5, 6]
    assert errors(effects) == [(6, 105)]


def test_a_failed_subscribe_lets_the_next_one_go() -> None:
    """Whatever the first one got, the second is a question of its own."""
    peer = Peer()
    peer.send(peer.command("subscribe", channel="a"), peer.command("subscribe", channel="a"))
    effects = peer.session.failed(2, ReplyError.INTERNAL)
    assert errors(effects) == [(2, 100)]
    assert asked(effects) == [3]


def test_channels_do_not_wait_for_each_other() -> None:
    """One slow policy must not hold up all others."""
    peer = Peer()
    effects = peer.send(*(peer.command("subscribe", channel=c) for c in "abc"))
    assert asked(effects) == [2, 3, 4]
    assert messages(peer.let_in(4)) == [{"id": 4, "subscribe": {}}]


def test_no_more_than_eight_are_asked_at_once() -> None:
    """One client must not occupy all database threads."""
    peer = Peer()
    effects = peer.send(*(peer.command("subscribe", channel=f"c{n}") for n in range(12)))
    first = asked(effects)
    assert first == list(range(2, 2 + AT_ONCE))
    for command_id, next_id in zip(first[:4], range(10, 14), strict=True):
        assert asked(peer.let_in(command_id)) == [next_id]
    assert asked(peer.let_in(first[4])) == []


def test_what_waits_for_its_turn_keeps_its_order_also_across_kinds() -> None:
    """An unsubscribe that needs nobody's answer must not overtake its subscribe."""
    peer = Peer()
    peer.send(*(peer.command("subscribe", channel=f"c{n}") for n in range(8)))
    effects = peer.send(
        peer.command("subscribe", channel="late"),
        peer.command("unsubscribe", channel="late"),
        peer.command("publish", channel="late"),
    )
    assert effects == []
    effects = peer.let_in(2)
    assert asked(effects) == [10]
    assert [m["id"] for m in messages(effects)] == [2]
    effects = peer.let_in(10)
    assert [m["id"] for m in messages(effects)] == [10, 11]
    assert asked(effects) == [12]


def test_too_much_that_waits_stops_the_reading_until_it_is_less() -> None:
    """A bound on what one client can pile up."""
    peer = Peer()
    running = asked(
        peer.send(*(peer.command("subscribe", channel=f"c{n}") for n in range(AT_ONCE)))
    )
    waiting = [peer.command("history", channel="c0") for _ in range(WAITING_LIMIT - 1)]
    peer.send(*waiting)
    assert not peer.session.is_congested
    peer.send(peer.command("history", channel="c1"))
    assert peer.session.is_congested
    peer.let_in(running[0])
    assert not peer.session.is_congested


def test_what_waits_behind_its_channel_counts_as_well() -> None:
    """The row of one channel is as long as that of all."""
    peer = Peer()
    peer.ask("subscribe", channel="a")
    peer.send(*(peer.command("unsubscribe", channel="a") for _ in range(WAITING_LIMIT)))
    assert peer.session.is_congested
    assert len(messages(peer.let_in(2))) == 1 + WAITING_LIMIT
    assert not peer.session.is_congested


def test_an_answer_that_nobody_waits_for_has_no_effect() -> None:
    """A second answer, or one to an id that never was."""
    peer = Peer()
    command_id, _ = peer.ask("subscribe", channel="a")
    assert peer.let_in(command_id)
    assert peer.let_in(command_id) == []
    assert peer.give_history(command_id) == []
    assert peer.session.failed(99, ReplyError.INTERNAL) == []


def test_publications_of_one_channel_go_one_after_the_other() -> None:
    """A drawing whose strokes change places is another drawing."""
    peer = Peer()
    effects = peer.send(*(peer.command("publish", channel="a", data=n) for n in range(3)))
    assert asked(effects) == [2]
    assert asked(peer.take_publication(2)) == [3]
    assert asked(peer.take_publication(3)) == [4]


def test_calls_do_not_wait_for_each_other() -> None:
    """They have no channel, so no order either."""
    peer = Peer()
    assert asked(peer.send(*(peer.command("rpc", method="m") for _ in range(3)))) == [2, 3, 4]


def test_messages_without_an_answer_have_their_turn_too() -> None:
    """Else a client could make the server work without a bound."""
    peer = Peer()
    effects = peer.send(*({"send": {"data": n}} for n in range(AT_ONCE + 1)))
    assert asked(effects) == [-1 - n for n in range(AT_ONCE)]
    effects = peer.session.failed(-1, ReplyError.INTERNAL)
    assert messages(effects) == []
    assert asked(effects) == [-1 - AT_ONCE]
