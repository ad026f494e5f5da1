"""Half an emoji in a command is that command's trouble, and nobody else's."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.protocol.peer import Peer, asked, close_code, errors, frame, messages, session
from ws_service.protocol.codec import Illegible, MalformedFrame, decode_commands
from ws_service.protocol.effects import Ask
from ws_service.protocol.messages import PublishRequest, SubscribeRequest
from ws_service.protocol.surrogates import without_halves

HALF = "\ud83d"
FRAME_LIMIT = 2**20


def in_bytes(text: str) -> bytes:
    """As a careless client would write it into a binary frame."""
    return text.encode(errors="surrogatepass")


@pytest.mark.parametrize(
    ("kind", "request_"),
    [
        ("publish", {"channel": "a", "data": HALF}),
        ("publish", {"channel": "a", "data": {HALF: 1}}),
        ("publish", {"channel": HALF, "data": 1}),
        ("rpc", {"method": "a", "data": ["x" + HALF]}),
        ("rpc", {"method": HALF}),
        ("subscribe", {"channel": HALF}),
        ("subscribe", {"channel": "a", "token": HALF}),
        ("subscribe", {"channel": "a", "data": HALF}),
        ("subscribe", {"channel": "a", "epoch": HALF}),
        ("unsubscribe", {"channel": HALF}),
        ("history", {"channel": "a", "since": {"offset": 1, "epoch": HALF}}),
        ("presence", {"channel": HALF}),
        ("presence_stats", {"channel": HALF}),
        ("refresh", {"token": HALF}),
        ("sub_refresh", {"channel": "a", "token": HALF}),
        ("rpc", {"unknown": HALF}),
    ],
)
def test_a_text_without_utf8_form_is_a_bad_request(kind: str, request_: dict[str, Any]) -> None:
    """A page that cuts a text by its length must not lose its connection for good."""
    peer = Peer()
    effects = peer.send({"id": 7, kind: request_})
    assert errors(effects) == [(7, 107)]
    (reply,) = messages(effects)
    assert "surrogate" in reply["error"]["message"]
    assert "temporary" not in reply["error"]
    assert asked(peer.send({"id": 8, "rpc": {}})) == [8]


@pytest.mark.parametrize("write", [str, in_bytes], ids=["text", "bytes"])
def test_what_is_not_escaped_is_no_other_case(write: Any) -> None:
    """A server that is lenient hands it on; in a binary frame it is no UTF-8."""
    peer = Peer()
    text = json.dumps({"id": 7, "publish": {"channel": HALF, "data": 1}}, ensure_ascii=False)
    assert errors(peer.session.receive(write(text), 0.0)) == [(7, 107)]


def test_the_other_commands_of_the_frame_are_handled_in_their_order() -> None:
    """SDKs put what a page says at once into one frame."""
    peer = Peer()
    effects = peer.send(
        {"id": 5, "subscribe": {"channel": "a"}},
        {"id": 6, "publish": {"channel": "a", "data": HALF}},
        {"id": 7, "publish": {"channel": "a", "data": 1}},
        {"id": 8, "rpc": {"method": HALF}},
        {"id": 9, "rpc": {}},
    )
    assert asked(effects) == [5, 9]
    assert errors(effects) == [(8, 107)]
    # Those of one channel keep their order, the broken one among them.
    after = peer.let_in(5)
    assert [message["id"] for message in messages(after)] == [5, 6]
    assert asked(after) == [7]


def test_a_message_that_wants_no_answer_gets_none() -> None:
    """There is no id to answer to; the connection stays."""
    peer = Peer()
    assert peer.session.receive(json.dumps({"send": {"data": HALF}}), 0.0) == []
    assert not peer.session.is_closed


def test_a_connect_gets_the_error_and_the_rest_of_its_frame_nothing() -> None:
    """Client libraries say why they stay away; a close code would not."""
    fresh = session()
    effects = fresh.receive(
        frame({"id": 1, "connect": {"name": HALF}}, {"id": 2, "subscribe": {"channel": "a"}}), 0.0
    )
    assert errors(effects) == [(1, 107)]
    assert not fresh.is_closed
    assert close_code(fresh.connect_due()) == 3502


def test_before_connect_nothing_else_is_answered() -> None:
    """What is illegible gets no more than what is legible."""
    assert close_code(session().receive(frame({"id": 1, "rpc": {"method": HALF}}), 0.0)) == 3501


def test_it_counts_as_a_command() -> None:
    """Nonsense has no larger allowance than sense."""
    peer = Peer(burst=2, commands_per_s=0)
    assert errors(peer.send({"id": 7, "rpc": {"method": HALF}})) == [(7, 107)]
    assert close_code(peer.send({"id": 8, "rpc": {"method": HALF}})) == 3013


@pytest.mark.parametrize(
    ("text", "legible"),
    [
        (r'"\ud83d"', r'"\ufffd"'),
        (r'"\uDE00\uD83D"', r'"\ufffd\ufffd"'),
        (r'"\ud83d\ude00"', r'"\ud83d\ude00"'),
        (r'"\ud83d\ud83d\ude00"', r'"\ufffd\ud83d\ude00"'),
        (r'"\\ud83d"', r'"\\ud83d"'),
        (r'"\\\ud83d"', r'"\\\ufffd"'),
        (r'"\ud83d\\ude00"', r'"\ufffd\\ude00"'),
        (r'"\"\ud83d\n"', r'"\"\ufffd\n"'),
        ('"\ud83d"', r'"\ufffd"'),
        ("\\", "\\"),
    ],
)
def test_a_half_is_told_from_a_pair_and_from_an_escaped_backslash(text: str, legible: str) -> None:
    """A text about escapes is no broken text."""
    assert without_halves(text) == legible


TEXT = st.text(st.characters(codec=None, categories=None), max_size=6)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.lists(st.tuples(TEXT.filter(bool), ANY), min_size=1, max_size=5))
@example([("a", "\ud83d"), ("a", "\ude00\ud83d"), ("a", "\\ud83d")])
def test_every_command_is_asked_for_or_refused_and_nothing_broken_gets_through(
    published: list[tuple[str, Any]],
) -> None:
    """Whatever a page publishes: an answer to each, and the others can read what is let through."""
    peer = Peer(subscriptions=8, frame_bytes=FRAME_LIMIT)
    commands = [
        {"id": n, "publish": {"channel": channel, "data": data}}
        for n, (channel, data) in enumerate(published, 10)
    ]
    try:
        decode_commands(frame(*commands))
    except MalformedFrame:
        # NaN and Infinity, which only Python takes for JSON.
        assert any("NaN" in json.dumps(c) or "Infinity" in json.dumps(c) for c in commands)
        return
    waiting = peer.send(*commands)
    done: list[int] = []
    while waiting:
        effect = waiting.pop(0)
        if isinstance(effect, Ask):
            assert isinstance(effect.request, PublishRequest)
            text = bytes(effect.request.data).decode()
            assert json.dumps(json.loads(text), ensure_ascii=False).encode()
            msgspec.json.decode(text)
            done.append(effect.command_id)
            waiting += peer.take_publication(effect.command_id)
        else:
            done += [command_id for command_id, code in errors([effect]) if code == 107]
    assert sorted(done) == [command["id"] for command in commands]


def test_an_illegible_command_is_one_by_its_type() -> None:
    """Whoever reads commands elsewhere can't take it for a good one."""
    legible, illegible = decode_commands(
        frame({"id": 1, "subscribe": {"channel": "a"}}, {"id": 2, "subscribe": {"channel": HALF}})
    )
    assert not isinstance(legible, Illegible)
    assert isinstance(illegible, Illegible)
    assert illegible.request == SubscribeRequest("\ufffd")
