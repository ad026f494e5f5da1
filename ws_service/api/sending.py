"""Publications on their way to Redis: several in one round trip, each with an answer of its own."""

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

from ws_service.api.errors import ApiError, api_error
from ws_service.api.requests import Content
from ws_service.broker.position import Position
from ws_service.errors import WsServiceError
from ws_service.publishing.broker import publisher
from ws_service.publishing.outgoing import Outgoing, outgoing_to_all


def prepared(channel: str, data: Any, content: Content) -> Outgoing | ApiError:
    """A publication that can be sent, or what is wrong with it."""
    try:
        return outgoing_to_all([channel], data, **_options(content))[0]
    except WsServiceError as error:
        return api_error(error)


def prepared_for_all(
    channels: Sequence[str], data: Any, content: Content
) -> Sequence[Outgoing | ApiError]:
    """The same data for each channel; it is encoded once where nothing is wrong."""
    try:
        return outgoing_to_all(channels, data, **_options(content))
    except WsServiceError:
        return [prepared(channel, data, content) for channel in channels]


def _options(content: Content) -> dict[str, Any]:
    return {
        "tags": content.tags or None,
        "idempotency_key": content.idempotency_key or None,
        "skip_history": bool(content.skip_history),
    }


def sent(publications: Sequence[Outgoing | ApiError]) -> list[dict[str, Any] | ApiError]:
    """Send those that can be sent, in one round trip. A ``publish`` result or an error for each."""
    ready = [each for each in publications if isinstance(each, Outgoing)]
    results: Iterator[dict[str, Any] | ApiError]
    try:
        results = map(_result, publisher().send(ready))
    except WsServiceError as error:
        results = repeat(api_error(error))
    return [each if isinstance(each, ApiError) else next(results) for each in publications]


def _result(position: Position) -> dict[str, Any]:
    """Without fields for what is not kept."""
    return {"offset": position.offset, "epoch": position.epoch} if position.offset else {}
