"""What clients may call: remote procedures, registered like topics.

def cancel_order(caller, *, pk: int, reason: str = ""):
    order = get_object_or_404(Order, pk=pk, customer=caller.user)
    order.cancel(reason)
    return {"state": order.state}

rpc_methods = [rpc("orders.cancel", cancel_order)]
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Final, get_type_hints

import msgspec

from ws_service.errors import InvalidRouting
from ws_service.routing_module import import_routing
from ws_service.text import text_of

_METHODS: Final = "rpc_methods"
_LISTENER: Final = "on_message"

MESSAGE_LIMIT: Final = 4_096
"""Characters of an error's text: it stands in the caller's send buffer beside all else."""

_TAKES_ONE: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_NAMED: Final = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class RPCError(Exception):
    """What a method says to its caller instead of a result; a policy, or ``clean``, may too.

    code: 400 to 1999, the site's own. message: for the caller; it goes out as it is. A lazy text
    becomes what it is in the language that is active when the error is made.
    Raises ValueError for another code (the rest are the protocol's) and for a message without a
    UTF-8 form or of more than 4,096 characters, TypeError for a message that is no text.
    """

    def __init__(self, code: int, message: str) -> None:
        if isinstance(code, bool) or not isinstance(code, int) or not 400 <= code <= 1999:
            raise ValueError(f"RPCError({code!r}, …): a code of the site's own is 400 to 1999")
        message = text_of(message)
        if not isinstance(message, str):
            raise TypeError(f"RPCError({code}, {message!r}): the message is text")
        try:
            message.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"RPCError({code}, {message!r}): no UTF-8 form") from error
        if len(message) > MESSAGE_LIMIT:
            raise ValueError(
                f"RPCError({code}, …): a message has {MESSAGE_LIMIT} characters at most"
            )
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. user: as in a topic's policies. client: the connection's id."""

    user: Any
    client: str


@dataclass(frozen=True, slots=True)
class RPCMethod:
    """A method that clients may call, and what it takes."""

    name: str
    function: Callable[..., Any]
    _parameters: type[msgspec.Struct]

    def arguments(self, data: bytes) -> dict[str, Any]:
        """The validated arguments of a call. data: JSON, an object; nothing is an empty one.

        Raises ValueError; its text is for the caller.
        """
        given = msgspec.json.decode(data or b"{}", type=self._parameters)
        return {name: getattr(given, name) for name in self._parameters.__struct_fields__}


@dataclass(frozen=True, slots=True)
class CallTable:
    """All methods of a site. listener: what gets the messages that need no answer."""

    methods: Mapping[str, RPCMethod]
    listener: Callable[..., Any] | None = None


def rpc(name: str, function: Callable[..., Any]) -> RPCMethod:
    """Let clients call a function: ``rpc("orders.cancel", cancel_order)``.

    name: what clients call it.
    function: takes the ``Caller``, then named parameters. Their annotations are checked
        (msgspec's rules: ``int``, ``str | None``, dataclasses, ``Annotated[int, Meta(ge=1)]`` …);
        unknown ones are refused, those with a default may be left out. It returns data as for
        ``publish()``. A plain ``def`` runs in a database thread, an ``async def`` in the event
        loop; more than 4 s is a temporary error.

    Whoever is connected may call it: the function itself says no, by ``PermissionDenied`` (error
    103), ``ValidationError`` (107), ``Http404`` (404) or ``RPCError``.

    Raises InvalidRouting for what can't be called so.
    """
    if not isinstance(name, str):
        raise InvalidRouting(f"rpc({name!r}, …): the name must be text")
    if not callable(function):
        raise InvalidRouting(f"rpc({name!r}, …): {function!r} can't be called")
    fields = list(_fields(name, function))
    parameters = msgspec.defstruct("Parameters", fields, forbid_unknown_fields=True, kw_only=True)
    try:
        msgspec.json.Decoder(parameters)
    except (TypeError, NameError) as error:
        raise InvalidRouting(f"rpc({name!r}, …): {error}") from error
    return RPCMethod(name, function, parameters)


def _fields(name: str, function: Callable[..., Any]) -> Iterator[Any]:
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    if not parameters or parameters[0].kind not in _TAKES_ONE:
        raise InvalidRouting(
            f"rpc({name!r}, …): the function takes the caller first, as in"
            " def cancel(caller, *, pk: int)"
        )
    try:
        types = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise InvalidRouting(f"rpc({name!r}, …): {error}") from error
    for each in parameters[1:]:
        if each.kind not in _NAMED:
            raise InvalidRouting(f"rpc({name!r}, …): {each} is no named parameter")
        field_type = types.get(each.name, Any)
        if each.default is inspect.Parameter.empty:
            yield (each.name, field_type)
        else:
            yield (each.name, field_type, _default(each.default))


def _default(value: Any) -> Any:
    """Each call gets a default of its own, as far as that can be changed."""
    return msgspec.field(default_factory=lambda: copy(value))


def load_calls(module_name: str | None) -> CallTable:
    """The ``rpc_methods`` and ``on_message`` of the routing module.

    Raises InvalidRouting.
    """
    if module_name is None:
        return CallTable({})
    module = import_routing(module_name)
    listener = getattr(module, _LISTENER, None)
    if listener is not None and not callable(listener):
        raise InvalidRouting(f"{module_name}.{_LISTENER} must be a function of (caller, data).")
    return checked_calls(getattr(module, _METHODS, ()), f"{module_name}.{_METHODS}", listener)


def checked_calls(
    methods: Sequence[RPCMethod] | object,
    where: str,
    listener: Callable[..., Any] | None = None,
) -> CallTable:
    """A table of these methods. Raises InvalidRouting."""
    if not isinstance(methods, list | tuple):
        raise InvalidRouting(f'{where} must be a list: [rpc("orders.cancel", cancel_order)]')
    named: dict[str, RPCMethod] = {}
    for method in methods:
        if not isinstance(method, RPCMethod):
            raise InvalidRouting(f'{where} has {method!r}: write rpc("orders.cancel", …).')
        if method.name in named:
            raise InvalidRouting(f"{where} has two methods that are named {method.name!r}.")
        named[method.name] = method
    return CallTable(named, listener)
