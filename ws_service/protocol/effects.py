"""What a session asks its connection to do, in this order."""

from dataclasses import dataclass

from ws_service.protocol.codes import EndEntry
from ws_service.protocol.lines import Lines
from ws_service.protocol.messages import Request


@dataclass(frozen=True, slots=True)
class Write:
    """Send these lines."""

    lines: Lines


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection. Nothing follows."""

    end: EndEntry


@dataclass(frozen=True, slots=True)
class Established:
    """The client has connected: pings begin."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Do what a command wants, and answer.

    With ``session.connected`` for a ConnectRequest, ``session.answered`` for all others, or
    ``session.failed``. A subscription must be attached when it is answered.

    arrived_s: when the command came in, on the clock that ``session.receive`` was given.
    """

    command_id: int
    request: Request
    arrived_s: float


@dataclass(frozen=True, slots=True)
class Detach:
    """No more publications of this channel, from now on."""

    channel: str


Effect = Write | Close | Established | Ask | Detach
