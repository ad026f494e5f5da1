"""What the site's functions raise and give, as clients get it: the table of docs/clients.md."""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    SuspiciousOperation,
    ValidationError,
)
from django.db import OperationalError
from django.http import Http404
from msgspec import Raw

from tests.live import CHECKOUT
from ws_service import RPCError, Topic, rpc, topic
from ws_service.calls import CallTable
from ws_service.conf import load_config
from ws_service.database_threads import DatabaseThreads
from ws_service.errors import InvalidPayload, UnknownTopic
from ws_service.gateway.calling import Calling
from ws_service.gateway.client import Client
from ws_service.gateway.client_publishing import ClientPublishing
from ws_service.gateway.connecting import Connecting, Granted
from ws_service.gateway.permissions import INFO_LIMIT_BYTES, Permissions
from ws_service.gateway.policy import Policies
from ws_service.gateway.refused import Refused
from ws_service.hub.hub import Hub
from ws_service.identity.tokens import TokenKeys
from ws_service.identity.users import anonymous
from ws_service.protocol.codes import ErrorEntry
from ws_service.protocol.messages import (
    ConnectRequest,
    PublishRequest,
    RPCRequest,
    SubscribeRequest,
)
from ws_service.topics import TopicTable

pytestmark = pytest.mark.django_db  # the clean-up of old connections asks for settings

LIMIT_BYTES = 2_000
FUNCTIONS = ("a policy", "clean", "info", "at_connect", "a method")
ROW = re.compile(r"^\| ((?:raises|gives|names|takes) .*?) \|$", re.MULTILINE)
TABLE = {
    cells[0]: dict(zip(FUNCTIONS, cells[1:], strict=True))
    for cells in (
        [cell.strip() for cell in row.split("|")]
        for row in ROW.findall((CHECKOUT / "docs" / "clients.md").read_text())
    )
}
"""By what the function does, then by which it is; "" where it can't happen."""


def raising(error: Exception) -> Callable[[], Any]:
    def function() -> Any:
        raise error

    return function


def giving(answer: Any) -> Callable[[], Any]:
    return lambda: answer


MISHAPS: dict[str, list[Callable[[], Any]]] = {
    "raises `PermissionDenied`": [raising(PermissionDenied("no"))],
    "raises `Http404`": [raising(Http404("no"))],
    "raises `ValidationError`: 107 with its text": [raising(ValidationError("no such tool"))],
    "raises `BadRequest` or `SuspiciousOperation`": [
        raising(BadRequest("no")),
        raising(SuspiciousOperation("no")),
    ],
    "raises `RPCError(409, …)`": [raising(RPCError(409, "sold out"))],
    "gives what has no JSON form": [giving(float("nan")), giving({1, 2}), giving("\ud83d")],
    "gives too much": [giving("x" * LIMIT_BYTES)],
    "names a topic that can't be": [giving([{"name": "x" * 300}]), giving([{"name": "a/b"}])],
    "raises anything else": [
        raising(LookupError("a bug")),
        raising(UnknownTopic("nowhere")),  # of the site's own publish()
        raising(InvalidPayload("of the site's own publish()")),
    ],
    "takes longer than 4 s, or its database is away": [
        raising(OperationalError("the database is away")),
        raising(TimeoutError()),
    ],
}
CASES = [
    pytest.param(where, mishap, TABLE[what][where], id=f"{where}-{what}-{n}")
    for what, mishaps in MISHAPS.items()
    for where in FUNCTIONS
    for n, mishap in enumerate(mishaps)
    if TABLE[what][where]
]


async def entry_of(where: str, function: Callable[[], Any]) -> ErrorEntry:
    """The error that a client gets by a function of the site."""
    with pytest.raises(Refused) as refused:
        await ask(where, function)
    return refused.value.entry


async def ask(where: str, function: Callable[[], Any]) -> None:
    """Make the service call the function, which stands where it is said. Raises Refused."""

    def method(of: Any) -> Any:
        return function()

    members: dict[str, Any] = {
        "can_publish": method if where == "a policy" else lambda self: True,
        "clean": lambda self, data: function(),
        "info": method,
    }
    if where == "at_connect":
        members["at_connect"] = classmethod(lambda cls, user: function())
    table = TopicTable([topic("a:<str:name>", type("ATopic", (Topic,), members), name="a")])
    permissions = Permissions(table, Policies(DatabaseThreads(2)))
    client = Client("c", anonymous())
    deadline_s = asyncio.get_running_loop().time() + 4
    match where:
        case "a policy" | "clean":
            publishing = ClientPublishing(permissions, cast("Hub", None), LIMIT_BYTES)
            await publishing.publish(client, PublishRequest("a:b", Raw(b"1")), deadline_s)
        case "info":
            await permissions.info(table.match("a:b").seen_by(None), client, deadline_s)
        case "at_connect":
            connecting = Connecting(permissions, TokenKeys.from_config(load_config()), 9)
            await connecting.identify(client, ConnectRequest(), deadline_s, lambda _: None)
        case "a method":
            calling = Calling(permissions, CallTable({"a": rpc("a", method)}), LIMIT_BYTES)
            await calling.call(client, RPCRequest("a"), deadline_s)


def test_the_table_of_the_docs_has_each_case() -> None:
    """A row that nobody tries may say anything."""
    assert TABLE.keys() == MISHAPS.keys()
    assert {each for row in TABLE.values() for each in row.values()} >= {"103", "100, temporary"}


@pytest.mark.promise("temporary-error")
@pytest.mark.parametrize(("where", "mishap", "cell"), CASES)
async def test_each_cell_of_the_table_is_what_a_client_gets(
    where: str, mishap: Callable[[], Any], cell: str
) -> None:
    """Temporary only where the next time may be otherwise: clients repeat that for ever."""
    entry = await entry_of(where, mishap)
    assert f"{entry.code}{', temporary' if entry.is_temporary else ''}" == cell


@pytest.fixture
def errors(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    with caplog.at_level(logging.ERROR):
        yield lambda: [record.getMessage() for record in caplog.records]


async def test_the_text_of_a_validation_error_is_for_the_client() -> None:
    """And that of a suspicious operation is not: it is the site's log's."""
    entry = await entry_of("a policy", raising(ValidationError("no such tool")))
    assert entry.message == "bad request: no such tool"
    entry = await entry_of("a policy", raising(SuspiciousOperation("a secret")))
    assert entry.message == "bad request"
    entry = await entry_of("clean", raising(RPCError(409, "sold out")))
    assert entry.message == "sold out"


@pytest.mark.parametrize(
    ("where", "says", "bound"),
    [
        ("a method", "limit exceeded: 2002 bytes of JSON are more than 2000", "SEND_BUFFER_BYTES"),
        ("info", "limit exceeded: 2002 bytes of JSON are more than 1024", "info() may say"),
        ("clean", "bad request: 2002 bytes of JSON are more than 2000", None),
    ],
)
async def test_too_much_is_named_with_its_own_limit(
    errors: Callable[[], list[str]], where: str, says: str, bound: str | None
) -> None:
    """A setting that doesn't help would be raised, and raised again."""
    assert INFO_LIMIT_BYTES == 1_024
    assert (await entry_of(where, giving("x" * 2_000))).message == says
    told = errors()
    assert len(told) == (0 if bound is None else 1)
    assert all(str(bound) in line and "MAX_PUBLICATION_SIZE" not in line for line in told)


async def test_the_sites_own_mistake_is_in_the_log(errors: Callable[[], list[str]]) -> None:
    """The client can't mend it; who can must hear of it."""
    await entry_of("a method", giving(float("nan")))
    (line,) = errors()
    assert "gave what can't be sent: this can't be published as JSON" in line
    assert "clients don't try again" in line


async def test_what_a_function_says_by_raising_is_no_mistake(
    errors: Callable[[], list[str]],
) -> None:
    """A log full of denials hides the failures."""
    await entry_of("clean", raising(PermissionDenied("no")))
    await entry_of("info", raising(RPCError(409, "no")))
    assert errors() == []


async def test_a_typo_in_at_connect_keeps_nobody_out_for_good() -> None:
    """Every client would be told at once; when it is mended, they come back by themselves."""
    assert (await entry_of("at_connect", giving([{"nmae": "x"}]))).is_temporary


class Moody(Topic):
    """Its policy raises whatever is in its name."""

    def can_subscribe(self) -> bool:
        kinds: dict[str, Exception] = {
            "invalid": ValidationError("no"),
            "own": RPCError(409, "no"),
            "bug": LookupError("a bug"),
        }
        raise kinds[self.kwargs["how"]]


@pytest.mark.parametrize("how", ["invalid", "own"])
async def test_a_one_way_client_is_left_without_what_a_policy_refuses(how: str) -> None:
    """It has asked for several topics at once, and gets the others."""
    assert await wished(how) == []


async def test_a_one_way_client_comes_back_for_what_may_be_otherwise_then() -> None:
    """Left without it, its page would be silent for good."""
    with pytest.raises(Refused) as refused:
        await wished("bug")
    assert refused.value.entry.is_temporary


async def wished(how: str) -> list[Granted]:
    table = TopicTable([topic("moody:<str:how>", Moody)])
    permissions = Permissions(table, Policies(DatabaseThreads(2)))
    connecting = Connecting(permissions, TokenKeys.from_config(load_config()), 9)
    request = ConnectRequest(subs={f"moody:{how}": SubscribeRequest()})
    deadline_s = asyncio.get_running_loop().time() + 4
    return await connecting.wished(Client("c", anonymous()), request, [], deadline_s)
