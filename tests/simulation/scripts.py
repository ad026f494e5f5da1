"""Runs the broker's own Lua scripts, by the Lua 5.1 that Redis uses too, on a simulated store."""

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from lupa.lua51 import LuaError, LuaRuntime, lua_type

from tests.simulation.store import WrongCommand

Command = Callable[..., Any]


@cache
def _lua() -> LuaRuntime:
    return LuaRuntime(encoding=None, unpack_returned_tuples=False)


@cache
def _compiled(text: bytes) -> Any:
    return _lua().eval(b"function(KEYS, ARGV, redis)\n" + text + b"\nend")


@cache
def _table_of() -> Any:
    # With its length: values may be nil in Redis, which is false in Lua.
    return _lua().eval(b"function(...) return {...} end")


def digest(text: bytes) -> bytes:
    return hashlib.sha1(text, usedforsecurity=False).hexdigest().encode()


def run(text: bytes, keys: Sequence[bytes], arguments: Sequence[bytes], command: Command) -> Any:
    """What the script answers, as it goes over the wire. Raises WrongCommand."""
    failures: list[WrongCommand] = []

    def call(*words: Any) -> Any:
        try:
            return _to_lua(command(*map(_word, words)))
        except WrongCommand as error:
            failures.append(error)
            raise

    redis = _lua().table_from({b"call": call})
    try:
        answer = _compiled(text)(_table_of()(*keys), _table_of()(*arguments), redis)
    except LuaError as error:
        raise WrongCommand(f"ERR in a script: {error}") from error
    if failures:
        raise failures[0]
    return _from_lua(answer)


def _word(value: Any) -> bytes:
    """As Redis converts what a script gives to a command."""
    if isinstance(value, bytes):
        return value
    return b"%d" % value if value == int(value) else b"%.17g" % value


def _to_lua(value: Any) -> Any:
    if value is None:
        return False
    return _table_of()(*map(_to_lua, value)) if isinstance(value, list) else value


def _from_lua(value: Any) -> Any:
    """As Redis converts what a script answers: numbers lose their fraction, a list ends at nil."""
    if lua_type(value) == "table":
        if (error := value[b"err"]) is not None:
            raise WrongCommand(error.decode())
        found: list[Any] = []
        while (each := value[len(found) + 1]) is not None:
            found.append(_from_lua(each))
        return found
    if value is False:
        return None
    if value is True:
        return 1
    return int(value) if isinstance(value, float) else value
