"""Half an emoji, as ``"nice work 😀".slice(0, 11)`` leaves it, through every entrance."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.gateway.client import Client
from tests.live import Service

pytestmark = pytest.mark.usefixtures("no_traceback")

Open = Callable[..., Client]
HALF = "nice work \ud83d"
TEXT = st.text(st.characters(codec=None, categories=None), max_size=5)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
DATA = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.promise("malformed")
@pytest.mark.parametrize(
    ("kind", "request_"),
    [
        ("publish", {"channel": "taken:a", "data": HALF}),
        ("publish", {"channel": "cleaned:a", "data": {HALF: 1}}),
        ("publish", {"channel": "taken:" + HALF, "data": 1}),
        ("rpc", {"method": "a", "data": HALF}),
        ("rpc", {"method": HALF}),
        ("subscribe", {"channel": "open:" + HALF}),
        ("subscribe", {"channel": "open:a", "data": HALF}),
        ("subscribe", {"channel": "open:a", "token": HALF}),
        ("unsubscribe", {"channel": "open:" + HALF}),
        ("history", {"channel": "open:" + HALF}),
        ("presence", {"channel": "open:" + HALF}),
        ("refresh", {"token": HALF}),
    ],
)
def test_a_command_with_half_an_emoji_is_a_bad_request(
    client: Client, name: str, kind: str, request_: dict[str, Any]
) -> None:
    """The page learns which command it was, and stays connected."""
    good = client.command("subscribe", channel=f"open:{name}")
    bad = client.command(kind, **request_)
    client.say(bad, good)
    replies = {reply["id"]: reply for reply in (client.hear(), client.hear())}
    assert replies[bad["id"]]["error"]["code"] == 107
    assert "surrogate" in replies[bad["id"]]["error"]["message"]
    assert replies[good["id"]]["subscribe"]["positioned"]


def test_a_message_with_half_an_emoji_is_ignored(client: Client) -> None:
    """It has no answer; the next command has."""
    client.say(json.dumps({"send": {"data": HALF}}))
    assert client.error("rpc") == 108


@pytest.mark.parametrize("request_", [{"name": HALF}, {"data": HALF}, {"token": HALF}])
def test_a_connect_with_half_an_emoji_is_a_bad_request(
    open_client: Open, request_: dict[str, str]
) -> None:
    """SDKs tell the page, and don't try the same again."""
    client = open_client(is_connected=False)
    error = client.ask("connect", **request_)["error"]
    assert (error["code"], error.get("temporary")) == (107, None)


def test_a_one_way_client_is_told_for_good(served: Service) -> None:
    """There are no errors on its wire, only ends."""
    with served.connect("/connection/uni_websocket", origin=None) as socket:
        client = Client(socket)
        client.say(json.dumps({"subs": {"open:" + HALF: {}}}))
        assert client.end() == (3501, "bad request")


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(DATA)
@example("\ud83d")
@example(10**4_300)
def test_what_is_accepted_can_be_read_and_stored_by_everybody(
    client: Client, name: str, data: Any
) -> None:
    """A subscriber that can't parse a publication loses its connection, again and again."""
    channel = f"taken:{name}"
    digits = json.dumps(data) if data != 10**4_300 else "1" + "0" * 4_300
    client.say(f'{{"id":70001,"publish":{{"channel":"{channel}","data":{digits}}}}}')
    reply = client.reply_to(70_001)
    if "error" in reply:
        assert reply["error"]["code"] == 107
        return
    newest = client.command("history", channel=channel, limit=1, reverse=True)
    client.say(newest)
    (publication,) = client.reply_to(newest["id"])["history"]["publications"]
    assert publication["data"] == data
    again = json.dumps(publication, ensure_ascii=False).encode()
    assert msgspec.json.decode(again) == publication
