"""The answers to ``rpc``, and what becomes of ``send``."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from msgspec import Raw

from ws_service.calls import Caller, CallTable
from ws_service.gateway.answers import encoder
from ws_service.gateway.client import Client
from ws_service.gateway.permissions import Permissions
from ws_service.gateway.refused import Refused, bad_request
from ws_service.metrics import count
from ws_service.protocol.codes import ReplyError
from ws_service.protocol.messages import RPCRequest, RPCResult, SendRequest
from ws_service.readable import UnreadableJSON, read_json

_BOUND: Final = "half of WS_SERVICE['SEND_BUFFER_BYTES']; give much in parts"


@dataclass(frozen=True, slots=True)
class Calling:
    """Calls the site's functions on behalf of clients. limit_bytes: of a result."""

    permissions: Permissions
    calls: CallTable
    limit_bytes: int
    _encode: Callable[[Any], bytes] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_encode", encoder(self.limit_bytes, _BOUND))

    async def call(self, client: Client, request: RPCRequest, deadline_s: float) -> RPCResult:
        """Raises Refused, with the site's own error where it has one."""
        if not self.calls.methods:
            raise Refused(ReplyError.NOT_AVAILABLE)
        method = self.calls.methods.get(request.method)
        if method is None:
            raise Refused(ReplyError.METHOD_NOT_FOUND)
        data = bytes(request.data) or b"{}"
        try:
            read_json(data)  # also what a function takes as msgspec.Raw, and reads itself
            arguments = method.arguments(data)
        except (ValueError, RecursionError) as error:
            raise Refused(bad_request(str(error))) from None
        caller = Caller(client.user, client.id)
        call = partial(method.function, caller, **arguments)
        count("ws_service_calls_total")
        answer = await self.permissions.ask(call, client, deadline_s, self._encode)
        return RPCResult(Raw(answer))

    async def hear(self, client: Client, request: SendRequest, deadline_s: float) -> None:
        """A message that wants no answer. Raises Refused, of which the client is not told."""
        if self.calls.listener is None:
            count("ws_service_messages_ignored_total")
            return
        try:
            data = read_json(bytes(request.data) or b"null")
        except UnreadableJSON:
            raise Refused(ReplyError.BAD_REQUEST) from None
        call = partial(self.calls.listener, Caller(client.user, client.id), data)
        await self.permissions.ask(call, client, deadline_s, lambda _: None)
