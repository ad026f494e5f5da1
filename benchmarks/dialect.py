"""What clients of a contestant say, and how a delivery looks to them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks import publication
from benchmarks.publication import Publication

COMMANDS_IN_A_FRAME = 100


class WrongContent(Exception):
    """A client got something that nobody published, or in a form that it shouldn't have."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One publication at one client. topic: "" where the wire doesn't say."""

    topic: str
    publication: Publication
    offset: int | None = None


class Dialect(Protocol):
    """A path, what is said first, and how to read what comes."""

    path: str

    def connecting(self) -> list[str]:
        """Commands to send after the handshake; each is answered once."""
        ...

    def subscribing(self, topics: Sequence[str]) -> list[str]:
        """Commands to send afterwards; each is answered once."""
        ...

    def deliveries(self, message: bytes) -> Iterator[Delivery]:
        """What a WebSocket message delivers. Raises WrongContent."""
        ...


class TutorialChat:
    """The tutorial's chat: whoever is connected is in the room; one message, one delivery."""

    path = "/ws/chat/lobby/"

    def connecting(self) -> list[str]:
        return []

    def subscribing(self, topics: Sequence[str]) -> list[str]:
        return []

    def deliveries(self, message: bytes) -> Iterator[Delivery]:
        try:
            yield Delivery("", publication.read(json.loads(message)["message"]))
        except (ValueError, KeyError, TypeError) as error:
            raise WrongContent(f"{message[:200]!r}") from error


class Centrifuge:
    """The Centrifuge protocol in JSON: a WebSocket message has one or more lines."""

    path = "/connection/websocket"

    def connecting(self) -> list[str]:
        return ['{"connect":{"name":"bench"},"id":1}']

    def subscribing(self, topics: Sequence[str]) -> list[str]:
        return [
            json.dumps({"subscribe": {"channel": topic, "flag": 1}, "id": number})
            for number, topic in enumerate(topics, start=2)
        ]

    def deliveries(self, message: bytes) -> Iterator[Delivery]:
        for line in message.split(b"\n"):
            try:
                reply: dict[str, Any] = json.loads(line)
                if "push" not in reply:
                    continue
                push = reply["push"]
                pub = push["pub"]
                yield Delivery(push["channel"], publication.read(pub["data"]), pub["offset"])
            except (ValueError, KeyError, TypeError) as error:
                raise WrongContent(f"{line[:200]!r}") from error
