"""A session as its client and its connection see it, by plain calls."""

import json
from collections.abc import Iterable
from itertools import count
from typing import Any

from ws_service.protocol.effects import Ask, Close, Effect, Write
from ws_service.protocol.messages import HistoryResult, PublishResult, SubscribeResult
from ws_service.protocol.session import Session, SessionLimits

Message = dict[str, Any]


def session(**limits: int) -> Session:
    """A fresh one; pings every 25 s."""
    return Session("client-1", "1.0", 25, SessionLimits(**limits))


def frame(*commands: Message) -> str:
    return "\n".join(json.dumps(command) for command in commands)


def messages(effects: Iterable[Effect]) -> list[Message]:
    """What the client is sent, line by line."""
    lines = [effect.lines.text for effect in effects if isinstance(effect, Write)]
    return [json.loads(line) for text in lines for line in text.split("\n")]


def errors(effects: Iterable[Effect]) -> list[tuple[int, int]]:
    """(id, code) of each reply that is an error."""
    return [(m["id"], m["error"]["code"]) for m in messages(effects) if "error" in m]


def close_code(effects: Iterable[Effect]) -> int | None:
    """The code that the connection is closed with, None if it isn't."""
    return next((e.end.code for e in effects if isinstance(e, Close)), None)


def asked(effects: Iterable[Effect]) -> list[int]:
    """The ids of the commands that others have to answer."""
    return [e.command_id for e in effects if isinstance(e, Ask)]


class Peer:
    """A client that numbers its commands."""

    def __init__(self, *, is_connected: bool = True, **limits: int) -> None:
        self.session = session(**limits)
        self._ids = count(1)
        if is_connected:
            self.connect()

    def connect(self, **request: Any) -> list[Effect]:
        """Connect, and be let in at once."""
        command_id, effects = self.ask("connect", **request)
        assert asked(effects) == [command_id]
        return self.session.connected(command_id, {})

    def command(self, kind: str, **request: Any) -> Message:
        return {"id": next(self._ids), kind: request}

    def send(self, *commands: Message) -> list[Effect]:
        """All in one frame."""
        return self.session.receive(frame(*commands), 0.0)

    def ask(self, kind: str, **request: Any) -> tuple[int, list[Effect]]:
        """One command; gives its id and what came of it."""
        command = self.command(kind, **request)
        return command["id"], self.send(command)

    def subscribe(self, channel: str) -> list[Effect]:
        """Subscribe, and be let in at once."""
        command_id, effects = self.ask("subscribe", channel=channel)
        assert asked(effects) == [command_id]
        return self.session.answered(command_id, SubscribeResult())

    def let_in(self, command_id: int) -> list[Effect]:
        return self.session.answered(command_id, SubscribeResult())

    def take_publication(self, command_id: int) -> list[Effect]:
        return self.session.answered(command_id, PublishResult())

    def give_history(self, command_id: int) -> list[Effect]:
        return self.session.answered(command_id, HistoryResult([], "e", 0))
