"""A client of topics, by the wire: connect, subscribe, hear."""

import json
from collections import deque
from contextlib import ExitStack
from typing import Any, Self

from websockets.sync.client import ClientConnection

from tests.live import ANSWER_LIMIT_S, Service


class Client:
    """One connection that is subscribed to one topic. ``answer``: the subscribe result."""

    def __init__(self, service: Service, topic: str, since: Any = None) -> None:
        self._stack = ExitStack()
        self._socket: ClientConnection = self._stack.enter_context(
            service.connect("/connection/websocket")
        )
        self._lines: deque[str] = deque()
        self._tell({"id": 1, "connect": {}})
        assert "connect" in self._hear()
        recovery = {"recover": True, **since} if since else {}
        self._tell({"id": 2, "subscribe": {"channel": topic, **recovery}})
        self.reply = self._hear()
        self.answer: Any = self.reply.get("subscribe")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def position(self) -> dict[str, Any]:
        """Where it began; offset and epoch as a later client's ``since``."""
        return {"offset": self.answer.get("offset", 0), "epoch": self.answer["epoch"]}

    @property
    def recovered(self) -> list[Any]:
        """What the subscription began with."""
        assert self.answer.get("recovered")
        return [each["data"] for each in self.answer.get("publications", ())]

    def next(self, limit_s: float = ANSWER_LIMIT_S) -> Any:
        """The data of the next publication."""
        return self._hear(limit_s)["push"]["pub"]["data"]

    def _tell(self, command: Any) -> None:
        self._socket.send(json.dumps(command))

    def _hear(self, limit_s: float = ANSWER_LIMIT_S) -> Any:
        while True:
            if not self._lines:
                self._lines.extend(str(self._socket.recv(timeout=limit_s)).split("\n"))
            if (message := json.loads(self._lines.popleft())) != {}:
                return message
            self._tell({})  # a ping and its pong
