"""What a session asks its connection to do, in this order."""

from dataclasses import dataclass

from ws_service.protocol.codes import Disconnect
from ws_service.protocol.lines import Lines
from ws_service.protocol.messages import HistoryRequest, SubscribeRequest


@dataclass(frozen=True, slots=True)
class Write:
    """Send these lines."""

    lines: Lines


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection. Nothing follows."""

    disconnect: Disconnect


@dataclass(frozen=True, slots=True)
class Established:
    """The client has connected: pings begin."""


@dataclass(frozen=True, slots=True)
class AskToSubscribe:
    """Decide, attach to the topic, and answer with ``session.subscribed`` or ``session.failed``.

    arrived_s: when the command came in, on the clock that ``session.receive`` was given.
    """

    command_id: int
    request: SubscribeRequest
    arrived_s: float


@dataclass(frozen=True, slots=True)
class ReadHistory:
    """Read, and answer with ``session.history_read`` or ``session.failed``."""

    command_id: int
    request: HistoryRequest
    arrived_s: float


@dataclass(frozen=True, slots=True)
class Detach:
    """No more publications of this channel, from now on."""

    channel: str


Effect = Write | Close | Established | AskToSubscribe | ReadHistory | Detach
