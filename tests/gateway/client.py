"""A client of topics that can also say what no SDK would."""

import json
from collections import deque
from itertools import count
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.live import ANSWER_LIMIT_S

Message = dict[str, Any]


class Client:
    """Commands as dicts, messages one by one.

    hello: the result of ``connect``, for whoever wants to keep it here.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.hello: Message = {}
        self._ids = count(1)
        self._heard: deque[Message] = deque()

    def say(self, *frame: Message | str | bytes) -> None:
        """Commands in one frame; text and bytes go out as they are."""
        if isinstance(frame[0], dict):
            self.socket.send("\n".join(json.dumps(command) for command in frame))
        else:
            self.socket.send(frame[0])

    def command(self, kind: str, **request: Any) -> Message:
        return {"id": next(self._ids), kind: request}

    def ask(self, kind: str, **request: Any) -> Message:
        """The reply to one command."""
        command = self.command(kind, **request)
        self.say(command)
        return self.reply_to(command["id"])

    def error(self, kind: str, **request: Any) -> int:
        """The code of the error that a command gets."""
        return int(self.ask(kind, **request)["error"]["code"])

    def hear(self) -> Message:
        """The next message that is no ping."""
        while not self._heard:
            frame = self.socket.recv(timeout=ANSWER_LIMIT_S)
            assert isinstance(frame, str)
            self._heard.extend(json.loads(line) for line in frame.split("\n") if line != "{}")
        return self._heard.popleft()

    def reply_to(self, command_id: int) -> Message:
        while (message := self.hear()).get("id") != command_id:
            pass
        return message

    def reply_or_end(self, command_id: int) -> Message | None:
        """The reply; None where the connection ends instead: ``end`` says how."""
        try:
            return self.reply_to(command_id)
        except ConnectionClosed:
            return None

    def publication(self) -> Any:
        """The data of the next publication."""
        while "push" not in (message := self.hear()):
            pass
        return message["push"]["pub"]["data"]

    def end(self) -> tuple[int, str]:
        """Code and reason of the close that comes; 1006 where the connection is cut."""
        try:
            while True:
                self.socket.recv(timeout=ANSWER_LIMIT_S)
        except ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")
