"""A client that only listens: bare pushes, and nothing to ask for."""

import json
from typing import Any

import pytest
from msgspec import Raw

from tests.protocol.peer import asked, close_code
from ws_service.protocol.codec import encode_reply
from ws_service.protocol.codes import Disconnect, EndEntry, ReplyError, Unsubscribe
from ws_service.protocol.effects import Ask, Detach, Effect, Established, Write
from ws_service.protocol.lines import PING, Lines
from ws_service.protocol.messages import Push, Reply, SubscribeResult, UnsubscribePush
from ws_service.protocol.one_way import CONNECT_ID, OneWaySession, may_be_in_a_url
from ws_service.protocol.session import SessionLimits


def opened() -> OneWaySession:
    return OneWaySession("client-1", "1.0", 25, SessionLimits(frame_bytes=1_000))


def connected(**subs: SubscribeResult) -> OneWaySession:
    """One that is subscribed to these."""
    session = opened()
    session.receive("{}", 0.0)
    session.connected(CONNECT_ID, subs)
    return session


def frames(session: OneWaySession, effects: list[Effect]) -> list[Any]:
    """What the page's `JSON.parse(event.data)` gives, frame by frame."""
    lines = [effect.lines for effect in effects if isinstance(effect, Write)]
    return [json.loads(text) for each in lines for text in session.frames(each)]


def test_the_first_frame_is_the_bare_request() -> None:
    """A page writes `socket.send(JSON.stringify({subs: …}))`, no envelope."""
    effects = opened().receive('{"token":"x.y","subs":{"news":{"recover":true,"offset":3}}}', 1.0)
    (ask,) = effects
    assert isinstance(ask, Ask)
    assert (ask.command_id, ask.arrived_s) == (CONNECT_ID, 1.0)
    assert ask.request.token == "x.y"  # type: ignore[union-attr]
    assert ask.request.subs["news"].offset == 3  # type: ignore[union-attr]


@pytest.mark.parametrize("frame", ["{}", "null", b"{}"])
def test_nothing_is_a_request_too(frame: str | bytes) -> None:
    """Who has a cookie needs no words."""
    assert asked(opened().receive(frame, 0.0)) == [CONNECT_ID]


@pytest.mark.parametrize("frame", ["", "nonsense", "[]", "7", '{"subs":7}', b"\xff"])
def test_what_can_not_be_read_ends_the_connection_with_a_word(frame: str | bytes) -> None:
    """The page sees why before its socket closes."""
    session = opened()
    effects = session.receive(frame, 0.0)
    assert frames(session, effects) == [{"disconnect": {"code": 3501, "reason": "bad request"}}]
    assert close_code(effects) == 3501


def test_too_much_ends_the_connection() -> None:
    """The limit is the same as for others."""
    assert close_code(opened().receive("x" * 1_001, 0.0)) == 1009


def test_the_answer_has_all_subscriptions() -> None:
    """And promises pings that nobody has to answer."""
    session = opened()
    session.receive("{}", 0.0)
    effects = session.connected(CONNECT_ID, {"news": SubscribeResult(epoch="e", offset=2)}, 60)
    assert frames(session, effects) == [
        {
            "connect": {
                "client": "client-1",
                "version": "1.0",
                "expires": True,
                "ttl": 60,
                "subs": {"news": {"epoch": "e", "offset": 2}},
                "ping": 25,
            }
        }
    ]
    assert isinstance(effects[-1], Established)


def test_each_push_is_a_frame_of_its_own_and_bare() -> None:
    """What comes together for others in one frame would be no JSON for a page."""
    session = connected()
    push = encode_reply(Reply(push=Push("news", unsubscribe=UnsubscribePush(2000, "a}}"))))
    publication = Lines.of(b'{"push":{"channel":"news","pub":{"data":{"a":"\\n}"},"offset":7}}}')
    joined = Lines.joined([push, publication, PING])
    assert [json.loads(text) for text in session.frames(joined)] == [
        {"channel": "news", "unsubscribe": {"code": 2000, "reason": "a}}"}},
        {"channel": "news", "pub": {"data": {"a": "\n}"}, "offset": 7}},
        {},
    ]


def test_whatever_a_client_says_later_is_ignored() -> None:
    """It only listens."""
    session = connected()
    assert session.receive("anything", 0.0) == []
    assert session.receive("x" * 5_000, 0.0) == []
    assert not session.is_closed


def test_who_says_too_much_is_sent_away() -> None:
    """Ignoring costs something too: one client must not take the process from all others."""
    session = connected()
    effects = [effect for _ in range(1_001) for effect in session.receive("x", 0.0)]
    assert close_code(effects) == 3013


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ReplyError.TOKEN_EXPIRED, 3005),
        (ReplyError.EXPIRED, 3005),
        (ReplyError.TOO_MANY_REQUESTS, 3013),
        (ReplyError.PERMISSION_DENIED, 3507),
        (ReplyError.INTERNAL, 3004),
        (ReplyError.UNKNOWN_CHANNEL, 3501),
        (ReplyError.BAD_REQUEST, 3501),
    ],
)
def test_an_error_is_an_end(error: ReplyError, code: int) -> None:
    """There is no reply in which it could stand."""
    session = opened()
    session.receive("{}", 0.0)
    effects = session.failed(CONNECT_ID, error)
    assert close_code(effects) == code
    assert frames(session, effects)[0]["disconnect"]["code"] == code
    assert session.connected(CONNECT_ID, {}) == []


@pytest.mark.parametrize(
    ("end", "code"), [(Unsubscribe.SERVER, None), (Unsubscribe.INSUFFICIENT_STATE, 3010)]
)
def test_an_ended_subscription_is_told_a_lost_position_ends_all(
    end: Unsubscribe, code: int | None
) -> None:
    """It can't subscribe again but by connecting again."""
    session = connected(news=SubscribeResult())
    effects = session.unsubscribe("news", end)
    assert Detach("news") in effects
    assert close_code(effects) == code
    assert session.unsubscribe("news", end) == []


def test_a_disconnect_is_said_before_it_is_done() -> None:
    """With the code and the reason of whoever ordered it."""
    session = connected(news=SubscribeResult(publications=[Raw(b"{}")]))
    effects = session.disconnect(EndEntry(4501, "see you"))
    assert effects[0] == Detach("news")
    assert frames(session, effects) == [{"disconnect": {"code": 4501, "reason": "see you"}}]
    assert close_code(effects) == 4501
    assert session.disconnect(Disconnect.SHUTDOWN) == []


def test_pings_are_sent_and_not_answered() -> None:
    """A page that gets none for long knows that its link is dead."""
    session = opened()
    assert session.ping_due() == []
    session = connected()
    assert frames(session, session.ping_due()) == [{}]
    assert session.pong_due() == []


def test_who_says_nothing_is_sent_away() -> None:
    """An open socket costs something."""
    assert close_code(opened().connect_due()) == 3502
    assert connected().connect_due() == []


def test_who_waits_for_an_answer_is_not_sent_away() -> None:
    """It did say who it is, in time: a slow database is no reason to send it away for good."""
    session = opened()
    session.receive("{}", 0.0)
    assert session.connect_due() == []


def test_a_token_is_nothing_for_a_url() -> None:
    """Proxies write addresses into their logs."""
    assert may_be_in_a_url('{"subs":{"news":{}}}')
    assert may_be_in_a_url("null")
    assert not may_be_in_a_url('{"token":"x.y.z"}')
    assert not may_be_in_a_url("nonsense")
