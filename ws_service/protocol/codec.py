"""Bytes to commands; replies and publications to lines."""

from typing import Final

import msgspec

from ws_service.protocol.codes import ErrorEntry, Unsubscribe
from ws_service.protocol.lines import Lines
from ws_service.protocol.messages import (
    REPLY_FIELDS,
    Command,
    ErrorReply,
    Push,
    Reply,
    Result,
    UnsubscribePush,
)
from ws_service.protocol.surrogates import without_halves


class MalformedFrame(ValueError):
    """A frame that holds no commands: not JSON, wrong types, or empty."""


class Illegible(Command, frozen=True):
    """A command with a text that has no UTF-8 form: half of a surrogate pair, ``"\\ud83d"``.

    It is known what it asks, and that it can't be done. U+FFFD stands where the text is broken.
    """


_commands: Final = msgspec.json.Decoder(Command)
_illegible: Final = msgspec.json.Decoder(Illegible)
_REFUSALS: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)
_replies: Final = msgspec.json.Encoder()


def decode_commands(frame: str | bytes) -> list[Command]:
    """The commands of one frame, in order; Illegible ones among them.

    Raises MalformedFrame; no other error, whatever the bytes.
    """
    separator: str | bytes = "\n" if isinstance(frame, str) else b"\n"
    lines = frame.split(separator)  # type: ignore[arg-type]  # of the frame's own type
    if lines[-1] in ("", b""):
        lines.pop()
    if not lines:
        raise MalformedFrame("an empty frame")
    try:
        return [_commands.decode(line) for line in lines]
    except _REFUSALS:
        # The parser refuses all of a line for half an emoji in it: a second look, at each line.
        return [_legible_or_not(line) for line in lines]


def _legible_or_not(line: str | bytes) -> Command:
    """Raises MalformedFrame."""
    try:
        return _commands.decode(line)
    except _REFUSALS as error:
        legible = without_halves(line)
        if legible == line:
            raise MalformedFrame(str(error)) from error
    try:
        return _illegible.decode(legible)
    except _REFUSALS as error:
        raise MalformedFrame(str(error)) from error


def encode_reply(reply: Reply) -> Lines:
    return Lines.of(_replies.encode(reply))


def encode_result(command_id: int, result: Result) -> Lines:
    return encode_reply(Reply(id=command_id, **{REPLY_FIELDS[type(result)]: result}))  # type: ignore[arg-type]


def encode_error(command_id: int, error: ErrorEntry) -> Lines:
    body = ErrorReply(error.code, error.message, error.is_temporary)
    return encode_reply(Reply(id=command_id, error=body))


def encode_unsubscribe(channel: str, end: Unsubscribe) -> Lines:
    push = Push(channel, unsubscribe=UnsubscribePush(end.value.code, end.value.reason))
    return encode_reply(Reply(push=push))


def encode_publication(payload: bytes, offset: int, extra: bytes = b"") -> bytes:
    """A publication as it stands inside a push, a subscribe reply or a history reply.

    payload: valid JSON on one line; embedded as it is. offset: 0 for a topic without history.
    extra: its further members, ``"info":{…}``, as ``encode_extra`` made them.
    """
    if extra:
        payload = b"%b,%b" % (payload, extra)
    return b'{"data":%b,"offset":%d}' % (payload, offset) if offset else b'{"data":%b}' % payload


class PushEncoder:
    """Makes the push lines of one channel; the channel's name is encoded once."""

    __slots__ = ("_head",)

    def __init__(self, channel: str) -> None:
        self._head = b'{"push":{"channel":%b,' % _replies.encode(channel)

    def encode(self, publication: bytes) -> Lines:
        """publication: as ``encode_publication`` made it."""
        return Lines.of(b'%b"pub":%b}}' % (self._head, publication))

    def encode_join(self, info: bytes) -> Lines:
        """info: ClientInfo, JSON on one line."""
        return Lines.of(b'%b"join":{"info":%b}}}' % (self._head, info))

    def encode_leave(self, info: bytes) -> Lines:
        return Lines.of(b'%b"leave":{"info":%b}}}' % (self._head, info))
