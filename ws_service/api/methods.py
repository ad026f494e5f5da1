"""What the methods do: a request's fields in, the ``result`` out. Each raises ApiError."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from msgspec import Raw
from msgspec.json import decode

from ws_service.api.errors import ApiError, Fault, api_error
from ws_service.api.requests import BroadcastRequest, PublishRequest
from ws_service.api.sending import prepared, sent
from ws_service.errors import WsServiceError

BROADCAST_LIMIT: Final = 10_000
"""Topics of one ``broadcast``."""

Result = dict[str, Any]


def publish(request: PublishRequest) -> Result:
    (answer,) = sent([prepared(request.channel, request.payload(), request)])
    if isinstance(answer, ApiError):
        raise answer
    return answer


def broadcast(request: BroadcastRequest) -> Result:
    if len(request.channels) > BROADCAST_LIMIT:
        text = f"{len(request.channels)} channels are more than {BROADCAST_LIMIT}"
        raise ApiError(Fault.BAD_REQUEST, text)
    data = request.payload()
    answers = sent([prepared(channel, data, request) for channel in request.channels])
    return {"responses": [response(answer) for answer in answers]}


def response(answer: Result | ApiError) -> Result:
    """``{"result": …}`` or ``{"error": …}``."""
    if isinstance(answer, ApiError):
        return {"error": answer.as_data()}
    return {"result": answer}


@dataclass(frozen=True, slots=True)
class Method:
    """The shape of a method's request, and what answers it."""

    request_type: type[Any]
    answer: Callable[[Any], Result]


METHODS: Final[Mapping[str, Method]] = {
    "publish": Method(PublishRequest, publish),
    "broadcast": Method(BroadcastRequest, broadcast),
}


def read(name: str, body: bytes | Raw, request_type: type[Any]) -> Any:
    """The request of a method. Raises ApiError."""
    try:
        return decode(body, type=request_type)
    except (ValueError, RecursionError) as error:  # msgspec's own and UnicodeDecodeError
        raise ApiError(Fault.BAD_REQUEST, f"{name}: {error}") from error


def call(name: str, body: bytes | Raw) -> Result:
    """The result of a method. Raises ApiError."""
    method = METHODS.get(name)
    if method is None:
        raise ApiError(Fault.NOT_FOUND)
    request = read(name, body, method.request_type)
    try:
        return method.answer(request)
    except WsServiceError as error:
        raise api_error(error) from error
