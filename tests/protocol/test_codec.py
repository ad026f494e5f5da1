"""Bytes to commands, replies to lines."""

import json

import pytest
from msgspec import Raw

from ws_service.protocol.codec import (
    MalformedFrame,
    PushEncoder,
    decode_commands,
    encode_error,
    encode_publication,
    encode_reply,
    encode_unsubscribe,
)
from ws_service.protocol.codes import ReplyError, Unsubscribe
from ws_service.protocol.lines import PING, Lines
from ws_service.protocol.messages import (
    ConnectResult,
    HistoryResult,
    Reply,
    SubscribeResult,
    UnsubscribeResult,
)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (Reply(id=1, subscribe=SubscribeResult()), '{"id":1,"subscribe":{}}'),
        (Reply(id=1, unsubscribe=UnsubscribeResult()), '{"id":1,"unsubscribe":{}}'),
        (
            Reply(id=1, history=HistoryResult([], "", 0)),
            '{"id":1,"history":{"publications":[],"epoch":"","offset":0}}',
        ),
        (
            Reply(id=1, connect=ConnectResult("c", "1")),
            '{"id":1,"connect":{"client":"c","version":"1"}}',
        ),
        (Reply(), "{}"),
    ],
)
def test_zero_values_are_left_out_but_never_the_result(reply: Reply, text: str) -> None:
    """SDKs break without the result's key, and history's three values are always sent."""
    assert encode_reply(reply) == Lines(text, len(text))


def test_everything_in_a_subscribe_result_has_the_protocols_name() -> None:
    """A recovery that the client doesn't recognise is a silent gap."""
    result = SubscribeResult(
        recoverable=True,
        epoch="e",
        publications=[Raw(encode_publication(b'{"a":1}', 5))],
        recovered=True,
        offset=4,
        positioned=True,
        was_recovering=True,
    )
    assert json.loads(encode_reply(Reply(id=3, subscribe=result)).text) == {
        "id": 3,
        "subscribe": {
            "recoverable": True,
            "epoch": "e",
            "publications": [{"data": {"a": 1}, "offset": 5}],
            "recovered": True,
            "offset": 4,
            "positioned": True,
            "was_recovering": True,
        },
    }


@pytest.mark.parametrize("error", list(ReplyError))
def test_an_error_has_code_and_message_and_temporary_only_when_true(error: ReplyError) -> None:
    """Python's SDK raises without a message; `temporary` alone makes clients try again."""
    body = json.loads(encode_error(7, error.value).text)["error"]
    expected = {"code": error.value.code, "message": error.value.message}
    assert body == expected | ({"temporary": True} if error.value.is_temporary else {})


def test_an_unsubscribe_push_names_channel_code_and_reason() -> None:
    """Python's SDK raises when one is missing."""
    text = encode_unsubscribe("a", Unsubscribe.SERVER).text
    assert json.loads(text) == {
        "push": {"channel": "a", "unsubscribe": {"code": 2000, "reason": "server unsubscribe"}}
    }


@pytest.mark.parametrize("payload", [b"null", b"1.50e1", b'{"b":1,"a":[true]}', '"ü🎉"'.encode()])
def test_a_publication_is_embedded_as_it_is(payload: bytes) -> None:
    """What a site publishes is encoded once: numbers and key order survive."""
    text = PushEncoder('a"b').encode(encode_publication(payload, 3)).text
    assert '{"data":' + payload.decode() + ',"offset":3}' in text
    assert json.loads(text)["push"]["channel"] == 'a"b'


def test_a_publication_without_history_has_no_offset() -> None:
    """Offset 0 would be a position."""
    assert encode_publication(b"1", 0) == b'{"data":1}'


def test_the_size_of_lines_is_in_bytes() -> None:
    """Send buffers are bounded in bytes."""
    push = PushEncoder("a").encode(encode_publication('"ü🎉"'.encode(), 1))
    assert push.size == len(push.text.encode()) > len(push.text)
    joined = Lines.joined([push, PING, push])
    assert joined.size == len(joined.text.encode())


def test_messages_are_separated_by_one_newline_and_end_without_one() -> None:
    """Python's SDK fails on a blank line in the middle of a frame."""
    joined = Lines.joined([PING, encode_error(1, ReplyError.INTERNAL.value), PING])
    assert [set(json.loads(line)) for line in joined.text.split("\n")] == [
        set(),
        {"id", "error"},
        set(),
    ]
    assert not joined.text.endswith("\n")
    assert Lines.joined([PING]) is PING


@pytest.mark.parametrize("frame", ['{"id":1}\n{"id":2}', '{"id":1}\n{"id":2}\n'])
def test_a_frame_holds_several_commands_in_order(frame: str) -> None:
    """SDKs batch; a newline at the end is allowed."""
    assert [command.id for command in decode_commands(frame)] == [1, 2]
    assert [command.id for command in decode_commands(frame.encode())] == [1, 2]


def test_the_order_of_keys_and_unknown_keys_mean_nothing() -> None:
    """JavaScript puts the id last; later versions send more."""
    (command,) = decode_commands('{"new":[1],"subscribe":{"new":1,"channel":"a"},"id":2}')
    assert command.id == 2
    assert command.subscribe is not None
    assert command.subscribe.channel == "a"


@pytest.mark.parametrize(
    "frame",
    [
        "", "\n", "\n\n", '{"id":1}\n\n', '{"id":1}\n\n{"id":2}', "\x00", "\ufeff{}", "[]", "null",
        "1", '"{}"', "{", '{"id":1}x', "{'id':1}", '{"id":-1}', '{"id":4294967296}', '{"id":1.0}',
        '{"id":"1"}', '{"id":null}', '{"id":true}', '{"id":1,"subscribe":[]}',
        '{"id":1,"subscribe":{"channel":1}}', '{"id":1,"subscribe":{"offset":-1}}',
        '{"id":1,"subscribe":{"offset":"1"}}',
        '{"id":1,"subscribe":{"offset":9223372036854775808}}',
        '{"id":1,"subscribe":{"recover":1}}', '{"id":1,"history":{"limit":2147483648}}',
        '{"id":1,"history":{"since":7}}', '{"id":NaN}', '{"id":1,"subscribe":["\ud800"]}',
        '{"id":1,"subscribe":{"channel":"\\ud800}}', '{"id":1,"subscribe":{"channel":"\\ud80x"}}',
    ],
)  # fmt: skip
def test_what_holds_no_commands_is_malformed(frame: str) -> None:
    """One error, whatever is wrong: the client is told and let go."""
    with pytest.raises(MalformedFrame):
        decode_commands(frame)


@pytest.mark.parametrize(
    "frame", [b"\xff", b"\xef\xbb\xbf{}", b'{"id":1,"subscribe":"\xed\xa0\x80"}']
)
def test_bytes_that_are_no_utf8_are_malformed(frame: bytes) -> None:
    """Binary frames are read as well, and may hold anything."""
    with pytest.raises(MalformedFrame):
        decode_commands(frame)
