"""The answers to ``rpc``, and what becomes of ``send``."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from msgspec import Raw

from ws_service.calls import Caller, CallTable, RPCError
from ws_service.gateway.client import Client
from ws_service.gateway.permissions import Permissions
from ws_service.gateway.refused import Refused, bad_request
from ws_service.metrics import count
from ws_service.protocol.codes import ErrorEntry, ReplyError
from ws_service.protocol.messages import RPCRequest, RPCResult, SendRequest
from ws_service.publishing.payload import encode_payload
from ws_service.readable import UnreadableJSON, read_json

NOT_FOUND: Final = ErrorEntry(404, "not found")

_ANSWERS: Final = (RPCError, PermissionDenied, ValidationError, Http404)


@dataclass(frozen=True, slots=True)
class Calling:
    """Calls the site's functions on behalf of clients. limit_bytes: of a result."""

    permissions: Permissions
    calls: CallTable
    limit_bytes: int
    _encode: Callable[[Any], bytes] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_encode", partial(encode_payload, limit_bytes=self.limit_bytes))

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
        return RPCResult(Raw(await self._ask(call, client, deadline_s, self._encode)))

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
        await self._ask(call, client, deadline_s, lambda _: None)

    async def _ask(
        self,
        call: Callable[[], Any],
        client: Client,
        deadline_s: float,
        finish: Callable[[Any], Any],
    ) -> Any:
        try:
            return await self.permissions.ask(call, client, deadline_s, finish, _ANSWERS)
        except RPCError as error:
            raise Refused(ErrorEntry(error.code, error.message)) from None
        except PermissionDenied:
            raise Refused(ReplyError.PERMISSION_DENIED) from None
        except ValidationError as error:
            raise Refused(bad_request("; ".join(error.messages))) from None
        except Http404:
            raise Refused(NOT_FOUND) from None
