"""What the methods do: a request's fields in, the ``result`` out. Each raises ApiError."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from msgspec import DecodeError, Raw
from msgspec.json import decode

from ws_service.api.errors import ApiError, Fault, api_error
from ws_service.api.requests import (
    BroadcastRequest,
    ChannelRequest,
    DisconnectRequest,
    HistoryRequest,
    InfoRequest,
    PublishRequest,
    UnsubscribeRequest,
)
from ws_service.api.sending import prepared, prepared_for_all, sent
from ws_service.broker.position import Position
from ws_service.errors import WsServiceError
from ws_service.protocol.codec import encode_publication
from ws_service.protocol.codes import Disconnect
from ws_service.publishing.client_info import ClientInfo
from ws_service.publishing.control import disconnect_user, unsubscribe_user
from ws_service.publishing.history import read_history
from ws_service.publishing.presence import get_presence, get_presence_stats, live_nodes

BROADCAST_LIMIT: Final = 10_000
"""Topics of one ``broadcast``."""

HISTORY_LIMIT: Final = 100_000
"""Publications for who asks for everything."""

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
    answers = sent(prepared_for_all(request.channels, data, request))
    return {"responses": [response(answer) for answer in answers]}


def history(request: HistoryRequest) -> Result:
    asked = request.since
    if request.reverse and asked is not None and not asked.offset:
        raise ApiError(Fault.BAD_REQUEST, "nothing is before offset 0")
    limit = request.limit or 0
    part = read_history(
        request.channel,
        limit=limit if limit >= 0 else HISTORY_LIMIT,
        since=None if asked is None else Position(asked.offset, asked.epoch),
        reverse=bool(request.reverse),
    )
    publications = [encode_publication(p.payload, p.offset, p.extra) for p in part.publications]
    top = part.lineage.top
    return {
        "publications": [Raw(each) for each in publications],
        "offset": top.offset,
        "epoch": top.epoch,
    }


def presence(request: ChannelRequest) -> Result:
    clients = get_presence(request.channel)
    return {"presence": {client: _info_of(info) for client, info in clients.items()}}


def presence_stats(request: ChannelRequest) -> Result:
    stats = get_presence_stats(request.channel)
    return {"num_clients": stats.num_clients, "num_users": stats.num_users}


def disconnect(request: DisconnectRequest) -> Result:
    request.check()
    end, default = request.disconnect, Disconnect.FORCE_DISCONNECT.value
    disconnect_user(
        request.user,
        client=request.client or None,
        keep=request.whitelist or (),
        code=end.code if end and end.code else default.code,
        reason=end.reason if end and end.code else default.reason,
    )
    return {}


def unsubscribe(request: UnsubscribeRequest) -> Result:
    request.check()
    unsubscribe_user(request.user, request.channel, client=request.client or None)
    return {}


def info(request: InfoRequest) -> Result:
    return {"nodes": [Raw(node) for node in live_nodes()]}


def _info_of(info: ClientInfo) -> Result:
    """Without what is not known."""
    data = {"user": info.user, "client": info.client}
    extra = {"conn_info": info.conn_info, "chan_info": info.chan_info}
    return data | {name: value for name, value in extra.items() if value is not None}


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
    "presence": Method(ChannelRequest, presence),
    "presence_stats": Method(ChannelRequest, presence_stats),
    "history": Method(HistoryRequest, history),
    "disconnect": Method(DisconnectRequest, disconnect),
    "unsubscribe": Method(UnsubscribeRequest, unsubscribe),
    "info": Method(InfoRequest, info),
}


def read(name: str, body: bytes | Raw, request_type: type[Any]) -> Any:
    """The request of a method. Raises ApiError."""
    try:
        return decode(body, type=request_type)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
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
