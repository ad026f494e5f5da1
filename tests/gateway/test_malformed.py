"""Malformed input gets the documented error or end, and never a traceback."""

from collections.abc import Callable

import pytest

from tests.gateway.client import Client

pytestmark = pytest.mark.usefixtures("no_traceback")

Open = Callable[..., Client]
BREACH = (3501, "bad request")


@pytest.mark.promise("malformed")
@pytest.mark.parametrize(
    "frame",
    [
        "", "\n", "{", "nonsense", "[]", "null", "\x00", "\ufeff{}", "[" * 16_000, '{"a":' * 3_000,
        '{"id":1,"dance":{}}', '{"id":1,"connect":{}}', '{"id":"1","rpc":{}}', "{}",
        '{"subscribe":{"channel":"open:a"}}', '{"id":9,"subscribe":{"channel":7}}',
        '{"id":9,"subscribe":["\\ud800"]}', '{"id":9,"subscribe":{}}',
        '{"id":99999999999999999999,"rpc":{}}', '{"id":9,"subscribe":[]}',
        '{"id":9,"subscribe":{"channel":"open:a","offset":-1}}',
        '{"id":9,"history":{"channel":"open:a","limit":"all"}}',
        '{"id":9,"subscribe":{"channel":"open:a","flag":%s}}' % ("9" * 5_000),
        b"", b"\xff\x00\xfe", b"\x00", b'{"id":9,"subscribe":["\xff"]}',
    ],
    ids=repr,
)  # fmt: skip
def test_what_breaks_the_protocol_ends_the_connection(client: Client, frame: str | bytes) -> None:
    """With a code that tells SDKs not to try the same again."""
    client.say(frame)
    assert client.end() == BREACH


@pytest.mark.parametrize("frame", ['{"id":1,"subscribe":{"channel":"open:a"}}', "{}", "nonsense"])
def test_commands_before_connect_end_the_connection(open_client: Open, frame: str) -> None:
    """Nobody is served before it is known who asks."""
    client = open_client(is_connected=False)
    client.say(frame)
    assert client.end() == BREACH


def test_a_token_ends_the_connection_for_good(open_client: Open) -> None:
    """Nobody here can verify it."""
    client = open_client(is_connected=False)
    client.say(client.command("connect", token="x.y.z"))
    assert client.end() == (3500, "invalid token")


@pytest.mark.parametrize(
    ("channel", "code"),
    [
        ("open:" + "x" * 250, None), ("open:" + "x" * 251, 107), ("open:" + "ü" * 126, 107),
        ("open:a\nb", 107), ("open:a\x00", 107), ("ws_service:control", 107),
        ("nowhere", 102), ("open:", 102), ("open:a/b", 102), ("denied:a", 103), ("user", 103),
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("kind", ["subscribe", "history"])
def test_names_that_can_not_be_get_an_error(
    client: Client, kind: str, channel: str, code: int | None
) -> None:
    """And the connection goes on."""
    reply = client.ask(kind, channel=channel)
    assert reply.get("error", {}).get("code") == code
    assert "temporary" not in reply.get("error", {})
    assert client.error("rpc") == 108


def test_a_second_subscription_is_105_and_one_too_many_106(client: Client, name: str) -> None:
    """The site allows four."""
    for n in range(4):
        assert client.ask("subscribe", channel=f"open:{name}-{n}")["subscribe"]["positioned"]
    assert client.error("subscribe", channel=f"open:{name}-0") == 105
    assert client.error("subscribe", channel=f"open:{name}-4") == 106
    assert client.ask("unsubscribe", channel=f"open:{name}-0")["unsubscribe"] == {}
    assert client.ask("subscribe", channel=f"open:{name}-4")["subscribe"]["recoverable"]


def test_many_commands_in_one_frame_are_all_answered(client: Client, name: str) -> None:
    """More than may wait: the reading stops for a while, nothing is lost."""
    commands = [client.command("history", channel=f"open:{name}-{n % 20}") for n in range(200)]
    client.say(*commands)
    heard = {client.hear()["id"] for _ in commands}
    assert heard == {command["id"] for command in commands}


def test_binary_frames_with_commands_are_understood(client: Client) -> None:
    """The answer is text."""
    client.say(b'{"id":77,"rpc":{}}')
    assert client.reply_to(77)["error"]["code"] == 108


def test_a_frame_over_the_limit_is_1009(client: Client) -> None:
    """In bytes; the JavaScript SDK takes it as final."""
    client.say('{"id":9,"rpc":{"data":"%s"}}' % ("🎉" * 5_000))
    assert client.end()[0] == 1009


def test_after_all_this_the_service_serves(client: Client, name: str) -> None:
    """One client's nonsense is nobody else's trouble."""
    assert client.ask("subscribe", channel=f"open:{name}")["subscribe"]["epoch"]


def test_a_library_that_wants_protobuf_is_told_for_good(open_client: Open) -> None:
    """A refused handshake, or a closed one, it would repeat for ever without a word."""
    client = open_client(is_connected=False, subprotocols=["centrifuge-protobuf"])
    assert client.socket.subprotocol == "centrifuge-protobuf"
    assert client.end() == (3506, "inappropriate protocol")


def test_a_library_that_offers_json_by_name_gets_it(open_client: Open) -> None:
    """Browsers fail a handshake whose offer is not answered."""
    client = open_client(subprotocols=["centrifuge-json"])
    assert client.socket.subprotocol == "centrifuge-json"


@pytest.mark.parametrize(
    ("channel", "data"),
    [
        ("cleaned", "1e999"), ("cleaned", '{"a":[-1e400]}'), ("cleaned", "[" * 900 + "]" * 900),
        ("taken", "1e999"), ("taken", "9" * 4_301), ("taken", "[-%s]" % ("9" * 9_000)),
        ("taken", "[" * 101 + "]" * 101), ("taken", '{"a":' * 101 + "1" + "}" * 101),
    ],
    ids=lambda each: each[:15],
)  # fmt: skip
def test_what_the_site_or_a_subscriber_could_not_read_is_not_published(
    client: Client, name: str, channel: str, data: str
) -> None:
    """It is JSON, but `clean()` can't be asked, or other clients' libraries would give up."""
    channel = f"{channel}:{name}"
    publish = '{"id":%d,"publish":{"channel":"%s","data":%s}}'
    client.say(publish % (901, channel, data))
    error = client.reply_to(901)["error"]
    assert (error["code"], error.get("temporary")) == (107, None)
    assert "too large" in error["message"] or "nested" in error["message"]
    client.say(publish % (902, channel, "[" * 100 + "1" + "]" * 100))
    assert client.reply_to(902)["publish"] == {}
    history = client.ask("history", channel=channel, limit=9)["history"]
    assert len(history["publications"]) == 1
