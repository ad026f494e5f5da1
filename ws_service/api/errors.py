"""What goes wrong, in the codes that clients of this API know."""

import logging
import time
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ws_service.errors import NotAvailable, UnknownTopic, Unrecoverable, WsServiceError
from ws_service.quiet import Quiet

logger = logging.getLogger(__name__)

_quiet: Final = Quiet()


@dataclass(frozen=True, slots=True)
class FaultEntry:
    """code and message stand in the answer; status is for clients that ask for HTTP's own."""

    code: int
    message: str
    status: int


class Fault(Enum):
    """The catalogue: Centrifugo's server API, which differs from its client protocol."""

    INTERNAL = FaultEntry(100, "internal server error", 500)
    UNKNOWN_CHANNEL = FaultEntry(102, "unknown channel", 404)
    NOT_FOUND = FaultEntry(104, "not found", 404)
    BAD_REQUEST = FaultEntry(107, "bad request", 400)
    NOT_AVAILABLE = FaultEntry(108, "not available", 400)
    UNRECOVERABLE_POSITION = FaultEntry(112, "unrecoverable position", 416)


class ApiError(Exception):
    """A request that gets an error for an answer.

    detail: for a bad request, what is wrong with it; the others say it all by their names.
    """

    def __init__(self, fault: Fault, detail: str = "") -> None:
        super().__init__(f"{fault.value.message}: {detail}" if detail else fault.value.message)
        self.fault = fault

    def as_data(self) -> dict[str, int | str]:
        """``{"code": …, "message": …}``."""
        return {"code": self.fault.value.code, "message": str(self)}


def api_error(error: WsServiceError) -> ApiError:
    """The answer to what the library raised.

    What isn't the caller's fault is 100, and told to the log: once a minute for each kind.
    """
    match error:
        case UnknownTopic():
            return ApiError(Fault.UNKNOWN_CHANNEL)
        case NotAvailable():
            return ApiError(Fault.NOT_AVAILABLE)
        case Unrecoverable():
            return ApiError(Fault.UNRECOVERABLE_POSITION)
        case ValueError():  # InvalidTopicName, InvalidPayload and their like
            return ApiError(Fault.BAD_REQUEST, str(error))
        case _:
            if _quiet.may_say(type(error).__name__, time.monotonic()):
                logger.error("The HTTP API answers with an error: %s", error)
            return ApiError(Fault.INTERNAL)
