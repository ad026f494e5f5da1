"""What each command gets: its result, its error, or the end."""

from itertools import count
from typing import Any

import pytest
from msgspec import Raw

from tests.protocol.peer import Message, Peer, asked, close_code, errors, messages
from ws_service.protocol.codes import ErrorEntry, ReplyError
from ws_service.protocol.effects import Ask, Detach, Effect, Write
from ws_service.protocol.messages import (
    HistoryRequest,
    PresenceResult,
    PresenceStatsResult,
    PublishResult,
    RPCResult,
    SubRefreshResult,
    SubscribeRequest,
    SubscribeResult,
)
from ws_service.protocol.session import Session, SessionLimits


def test_subscribe_is_asked_with_everything_that_the_client_said() -> None:
    """Recovery depends on position, epoch and flag."""
    peer = Peer()
    request = {"channel": "a", "recover": True, "offset": 4, "epoch": "e", "flag": 3}
    command_id, effects = peer.ask("subscribe", **request)
    assert effects == [Ask(command_id, SubscribeRequest(**request), 0.0)]
    assert effects[0].request.rejects_unrecovered


def test_an_empty_result_still_has_its_key() -> None:
    """The JavaScript SDK stops for good without it, Python's tries again for ever."""
    peer = Peer()
    subscribed = peer.subscribe("a")
    assert messages(subscribed) == [{"id": 2, "subscribe": {}}]
    unsubscribe_id, effects = peer.ask("unsubscribe", channel="a")
    assert effects[0] == Detach("a")
    assert messages(effects) == [{"id": unsubscribe_id, "unsubscribe": {}}]


def test_unsubscribe_from_what_is_not_subscribed_succeeds() -> None:
    """Both want the same: SDKs drop the connection on an error here."""
    peer = Peer()
    command_id, effects = peer.ask("unsubscribe", channel="a")
    assert messages(effects) == [{"id": command_id, "unsubscribe": {}}]
    assert not any(isinstance(effect, Detach) for effect in effects)


def test_a_second_subscription_to_a_channel_is_105() -> None:
    """Two would deliver everything twice."""
    peer = Peer()
    peer.subscribe("a")
    command_id, effects = peer.ask("subscribe", channel="a")
    assert errors(effects) == [(command_id, 105)]


def test_a_refused_subscription_can_be_asked_for_again() -> None:
    """After a temporary error SDKs do that by themselves."""
    peer = Peer()
    command_id, _ = peer.ask("subscribe", channel="a")
    effects = peer.session.failed(command_id, ReplyError.INTERNAL)
    assert messages(effects) == [
        {
            "id": command_id,
            "error": {"code": 100, "message": "internal server error", "temporary": True},
        }
    ]
    assert messages(peer.subscribe("a"))


def test_the_limit_of_subscriptions_is_106_and_counts_those_under_way() -> None:
    """Else a client that sends many at once would get past it."""
    peer = Peer(subscriptions=2)
    peer.subscribe("a")
    peer.ask("subscribe", channel="b")
    command_id, effects = peer.ask("subscribe", channel="c")
    assert errors(effects) == [(command_id, 106)]
    peer.send(peer.command("unsubscribe", channel="a"))
    _, effects = peer.ask("subscribe", channel="c")
    assert asked(effects)


def test_a_history_that_is_being_read_is_no_subscription() -> None:
    """106 ends a subscription for good: it must not depend on what else is asked just now."""
    peer = Peer(subscriptions=1)
    peer.ask("history", channel="a")
    command_id, effects = peer.ask("subscribe", channel="b")
    assert asked(effects) == [command_id]


@pytest.mark.parametrize("kind", ["subscribe", "history"])
@pytest.mark.parametrize(
    ("channel", "code"), [("x" * 255, None), ("x" * 256, 107), ("ü" * 128, 107)]
)
def test_a_channel_name_has_255_bytes_at_most(kind: str, channel: str, code: int | None) -> None:
    """Not characters: Redis and other clients count bytes."""
    peer = Peer()
    command_id, effects = peer.ask(kind, channel=channel)
    assert errors(effects) == ([(command_id, code)] if code else [])


@pytest.mark.parametrize(
    "kind",
    ["subscribe", "unsubscribe", "history", "publish", "presence", "presence_stats"],
)
def test_a_command_without_a_channel_ends_the_connection(kind: str) -> None:
    """The protocol's own answer."""
    assert close_code(Peer().ask(kind)[1]) == 3501
    assert close_code(Peer().ask(kind, channel="")[1]) == 3501


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"type": 1}, 108),
        ({"tf": {"key": "a", "cmp": "ex"}}, 107),
        ({"tf": None}, None),
        ({"delta": "fossil"}, None),
        ({"flag": 1, "positioned": True, "recoverable": True, "join_leave": True}, None),
        ({"flag": 2**40 + 1, "data": {"a": [1]}, "unheard_of": []}, None),
    ],
)
def test_wishes_that_are_not_granted(request_: dict[str, Any], code: int | None) -> None:
    """What changes the meaning of a subscription is refused, the rest ignored."""
    peer = Peer()
    command_id, effects = peer.ask("subscribe", channel="a", **request_)
    assert errors(effects) == ([(command_id, code)] if code else [])
    assert bool(asked(effects)) is (code is None)


def test_an_unknown_kind_of_delta_ends_the_connection() -> None:
    """The protocol's own answer."""
    assert close_code(Peer().ask("subscribe", channel="a", delta="xor")[1]) == 3501


def test_history_is_asked_with_everything_that_the_client_said() -> None:
    """Limits and directions are the reader's business."""
    peer = Peer()
    command_id, effects = peer.ask(
        "history", channel="a", limit=-1, since={"offset": 3, "epoch": "e"}, reverse=True
    )
    (ask,) = effects
    assert isinstance(ask, Ask)
    assert isinstance(ask.request, HistoryRequest)
    assert (ask.command_id, ask.request.limit, ask.request.reverse) == (command_id, -1, True)
    assert ask.request.since is not None
    assert (ask.request.since.offset, ask.request.since.epoch) == (3, "e")
    assert messages(peer.give_history(command_id)) == [
        {"id": command_id, "history": {"publications": [], "epoch": "e", "offset": 0}}
    ]


def test_history_before_the_beginning_is_107() -> None:
    """Nothing is before offset 0."""
    peer = Peer()
    command_id, effects = peer.ask("history", channel="a", since={"offset": 0}, reverse=True)
    assert errors(effects) == [(command_id, 107)]


RESULTS: list[tuple[str, Any, Message]] = [
    ("publish", PublishResult(), {}),
    ("presence", PresenceResult({}), {"presence": {}}),
    (
        "presence",
        PresenceResult({"c": Raw(b'{"user":"","client":"c"}')}),
        {"presence": {"c": {"user": "", "client": "c"}}},
    ),
    ("presence_stats", PresenceStatsResult(0, 0), {"num_clients": 0, "num_users": 0}),
    ("rpc", RPCResult(), {}),
    ("rpc", RPCResult(Raw(b"null")), {"data": None}),
]


@pytest.mark.parametrize(("kind", "result", "message"), RESULTS)
def test_each_result_stands_under_its_command(kind: str, result: Any, message: Message) -> None:
    """Counters and maps are there also when they are empty: SDKs read them unasked."""
    peer = Peer()
    command_id, effects = peer.ask(kind, channel="a", data={"x": 1}, method="m")
    assert asked(effects) == [command_id]
    effects = peer.session.answered(command_id, result)
    assert messages(effects) == [{"id": command_id, kind: message}]


def test_an_error_of_the_sites_own_goes_out_as_it_is() -> None:
    """What a method says to its caller."""
    peer = Peer()
    command_id, _ = peer.ask("rpc", method="m")
    effects = peer.session.failed(command_id, ErrorEntry(412, "sold out"))
    assert messages(effects) == [{"id": command_id, "error": {"code": 412, "message": "sold out"}}]


def test_a_refreshed_token_says_when_the_next_one_is_due() -> None:
    """SDKs set their timer by it."""
    peer = Peer()
    command_id, _ = peer.ask("refresh", token="x.y.z")
    assert messages(peer.session.refreshed(command_id, 300)) == [
        {
            "id": command_id,
            "refresh": {"client": "client-1", "version": "1.0", "expires": True, "ttl": 300},
        }
    ]


def test_a_refresh_without_a_token_ends_the_connection() -> None:
    """The protocol's own answer."""
    assert close_code(Peer().ask("refresh")[1]) == 3501


def test_a_subscription_token_can_be_refreshed() -> None:
    """And its result is not the subscription's."""
    peer = Peer()
    peer.subscribe("a")
    command_id, _ = peer.ask("sub_refresh", channel="a", token="x.y.z")
    effects = peer.session.answered(command_id, SubRefreshResult(expires=True, ttl=9))
    assert messages(effects) == [{"id": command_id, "sub_refresh": {"expires": True, "ttl": 9}}]


def test_what_is_not_subscribed_can_not_be_refreshed() -> None:
    """103; and 107 for no token at all."""
    peer = Peer()
    command_id, effects = peer.ask("sub_refresh", channel="a", token="x.y.z")
    assert errors(effects) == [(command_id, 103)]
    peer.subscribe("a")
    command_id, effects = peer.ask("sub_refresh", channel="a")
    assert errors(effects) == [(command_id, 107)]


@pytest.mark.parametrize("command", [{"id": 5}, {"id": 5, "dance": {}}, {"id": 5, "ping": {}}])
def test_an_unknown_command_ends_the_connection(command: dict[str, Any]) -> None:
    """Its sender would wait for an answer that nobody can give."""
    assert close_code(Peer().send(command)) == 3501


def test_send_needs_no_id_and_gets_no_answer() -> None:
    """SDKs don't wait for one."""
    peer = Peer()
    (ask,) = peer.send({"send": {"data": {"a": 1}}})
    assert isinstance(ask, Ask)
    assert peer.session.failed(ask.command_id, ReplyError.NOT_AVAILABLE) == []


def test_an_id_that_is_still_open_ends_the_connection() -> None:
    """Its answers could not be told apart."""
    peer = Peer()
    command = peer.command("subscribe", channel="a")
    peer.send(command)
    assert close_code(peer.send({**command, "subscribe": {"channel": "b"}})) == 3501


def test_an_answered_id_may_come_again() -> None:
    """Clients count on; the rule is only that two answers must not be confused."""
    peer = Peer()
    unsubscribe = {"id": 9, "unsubscribe": {"channel": "a"}}
    assert messages(peer.send(unsubscribe)) == messages(peer.send(unsubscribe))


def test_a_result_with_publications_holds_them_as_they_were_published() -> None:
    """Encoding again would change numbers and keys."""
    peer = Peer()
    command_id, _ = peer.ask("subscribe", channel="a", recover=True, offset=4, epoch="e")
    (effect,) = peer.session.answered(
        command_id,
        SubscribeResult(
            recoverable=True,
            positioned=True,
            epoch="e",
            offset=4,
            was_recovering=True,
            recovered=True,
            publications=[Raw(b'{"data":1.50e1,"offset":5}')],
        ),
    )
    assert isinstance(effect, Write)
    assert '"publications":[{"data":1.50e1,"offset":5}]' in effect.lines.text


@pytest.mark.parametrize("is_text", [True, False])
def test_a_frame_over_the_limit_ends_the_connection(is_text: bool) -> None:
    """In bytes, whatever it is sent as: a limit that counts characters is four times too high."""
    text = '{"id":2,"rpc":{"data":"' + "🎉" * 300 + '"}}'
    peer = Peer(frame_bytes=1_000)
    effects = peer.session.receive(text if is_text else text.encode(), 0.0)
    assert close_code(effects) == 1009


def test_a_frame_at_the_limit_is_taken() -> None:
    """The limit is what is allowed."""
    text = '{"id":2,"rpc":{"data":"' + "🎉" * 300 + '"}}'
    peer = Peer(frame_bytes=len(text.encode()))
    assert asked(peer.session.receive(text, 0.0)) == [2]


def test_more_commands_than_anybody_needs_end_the_connection() -> None:
    """Each costs the server more than the client; whoever meant no harm comes back."""
    limits = SessionLimits(commands_per_s=10, burst=20)
    session = Session("c", "1", 25, limits)
    session.receive('{"id":1,"connect":{}}', 0.0)
    session.connected(1, {})
    number = count(2)

    def unsubscribe(now_s: float) -> list[Effect]:
        return session.receive(f'{{"id":{next(number)},"unsubscribe":{{"channel":"a"}}}}', now_s)

    for _ in range(19):
        unsubscribe(0.0)
    for second in range(1, 50):
        for _ in range(10):
            unsubscribe(float(second))
            assert not session.is_closed
    effects = [effect for _ in range(11) for effect in unsubscribe(50.0)]
    assert close_code(effects) == 3013
