"""What clients may call, and how their arguments are checked."""

from dataclasses import dataclass
from types import ModuleType
from typing import Annotated, Any

import pytest
from msgspec import Meta

from ws_service import Caller, RPCError, rpc
from ws_service.calls import checked_calls, load_calls
from ws_service.errors import InvalidRouting


@dataclass
class Address:
    street: str
    number: int = 1


def cancel(
    caller: Caller,
    *,
    pk: Annotated[int, Meta(ge=1)],
    reason: str | None = None,
    to: Address | None = None,
    tags: list[str] = [],  # noqa: B006
) -> None:
    """Parameters of every kind."""


def untyped(caller, pk, note=""):  # type: ignore[no-untyped-def]
    """As many sites write it."""


@pytest.mark.parametrize(
    ("data", "arguments"),
    [
        (b'{"pk":7}', {"pk": 7, "reason": None, "to": None, "tags": []}),
        (
            b'{"pk":7,"reason":"late","to":{"street":"A"},"tags":["x"]}',
            {"pk": 7, "reason": "late", "to": Address("A"), "tags": ["x"]},
        ),
    ],
)
def test_arguments_have_the_types_of_the_function(data: bytes, arguments: dict[str, Any]) -> None:
    """The function can rely on its own annotations."""
    assert rpc("cancel", cancel).arguments(data) == arguments


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "pk"),
        (b"{}", "pk"),
        (b'{"pk":"7"}', "$.pk"),
        (b'{"pk":0}', ">= 1"),
        (b'{"pk":true}', "bool"),
        (b'{"pk":7,"user":1}', "user"),
        (b'{"pk":7,"to":{"number":1}}', "street"),
        (b"[7]", "object"),
        (b"7", "object"),
        (b'{"pk":7', "truncated"),
    ],
)
def test_what_does_not_fit_is_named(data: bytes, words: str) -> None:
    """Whoever writes the client sees which argument is wrong."""
    with pytest.raises(ValueError, match=words.replace("$", r"\$")):
        rpc("cancel", cancel).arguments(data)


def test_functions_without_annotations_take_anything() -> None:
    """But no more and no fewer than their parameters."""
    method = rpc("note", untyped)
    assert method.arguments(b'{"pk":[1]}') == {"pk": [1], "note": ""}
    with pytest.raises(ValueError, match="other"):
        method.arguments(b'{"pk":1,"other":2}')


def test_a_mutable_default_is_not_shared() -> None:
    """Else one caller's list would be the next one's."""
    method = rpc("cancel", cancel)
    method.arguments(b'{"pk":7}')["tags"].append("x")
    assert method.arguments(b'{"pk":7}')["tags"] == []


def nothing() -> None:
    pass


def anything(caller: Caller, **others: Any) -> None:
    pass


def unknown(caller: Caller, pk: "Unheard") -> None:  # type: ignore[name-defined]  # noqa: F821
    pass


def positional(caller: Caller, *values: int) -> None:
    pass


@pytest.mark.parametrize("function", [nothing, anything, unknown, positional, "text", None])
def test_what_can_not_be_called_so_stops_the_start(function: Any) -> None:
    """Not the first client that calls it."""
    with pytest.raises(InvalidRouting, match="broken"):
        rpc("broken", function)


def test_names_are_unique() -> None:
    """Else which one is called?"""
    with pytest.raises(InvalidRouting, match="two methods that are named 'a'"):
        checked_calls([rpc("a", cancel), rpc("a", untyped)], "site.rpc_methods")


@pytest.mark.parametrize("methods", [{"a": cancel}, [cancel], "a"])
def test_a_table_has_methods_only(methods: Any) -> None:
    """With a word on how to write it."""
    with pytest.raises(InvalidRouting, match="rpc"):
        checked_calls(methods, "site.rpc_methods")


def test_the_routing_module_says_what_may_be_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside its topics; a module without methods has none."""
    module = ModuleType("a_routing")
    monkeypatch.setitem(__import__("sys").modules, "a_routing", module)
    assert not load_calls("a_routing").methods
    module.rpc_methods = [rpc("a", cancel)]  # type: ignore[attr-defined]
    module.on_message = untyped  # type: ignore[attr-defined]
    calls = load_calls("a_routing")
    assert list(calls.methods) == ["a"]
    assert calls.listener is untyped
    module.on_message = "untyped"  # type: ignore[attr-defined]
    with pytest.raises(InvalidRouting, match="on_message"):
        load_calls("a_routing")


@pytest.mark.parametrize("code", [100, 399, 2000, -1, True, "500"])
def test_an_error_of_the_sites_own_has_a_code_of_its_own(code: Any) -> None:
    """The protocol's codes mean something to client libraries."""
    with pytest.raises(ValueError, match="400 to 1999"):
        RPCError(code, "no")


def test_an_errors_text_is_bounded_where_it_is_made() -> None:
    """It goes into the caller's send buffer: a megabyte would close the connection as slow."""
    assert RPCError(409, "x" * 4_096).message
    with pytest.raises(ValueError, match="4096 characters at most"):
        RPCError(409, "x" * 4_097)
