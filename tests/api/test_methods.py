"""What each method does, as the reference has it (section 12)."""

import base64
from typing import Any

import pytest

from devkit.redis_server import RedisServer
from tests.api.conftest import Caller
from tests.publishing.store import Store
from ws_service import Position, position

UNKNOWN = (102, "unknown channel")
NOT_AVAILABLE = (108, "not available")


def test_publish_answers_with_the_position(api: Caller, store: Store) -> None:
    """The same position that publish() returns."""
    result = api.result("publish", channel="orders:1", data={"state": "paid", "sum": 1.5})
    assert Position(result["offset"], result["epoch"]) == position("orders:1")
    assert store.data("orders:1") == [{"state": "paid", "sum": 1.5}]


@pytest.mark.parametrize("data", [None, 0, "", [], {"ü": "\u2028"}, 2**70, True])
def test_any_json_can_be_published(api: Caller, store: Store, data: Any) -> None:
    """Also what a language takes for nothing."""
    api.result("publish", channel="orders:1", data=data)
    assert store.data("orders:1") == [data]


def test_payloads_are_stored_on_one_line(api: Caller, store: Store) -> None:
    """A line break would end a message of the client protocol."""
    api.request("POST", "/api/publish", b'{"channel":"orders:1","data":{\n "a" :\t1\n}}')
    assert store.payloads("orders:1") == [b'{"a":1}']


def test_b64data_is_json_or_107(api: Caller, store: Store) -> None:
    """Clients of this service get JSON only."""
    json_in_base64 = base64.b64encode(b'{"a": 1}').decode()
    api.result("publish", channel="orders:1", data=None, b64data=json_in_base64)
    assert store.data("orders:1") == [{"a": 1}]
    for wrong in (base64.b64encode(b"\x00\xff").decode(), "…", "x"):
        assert api.error("publish", channel="orders:1", b64data=wrong)[0] == 107


def test_a_repetition_with_the_same_key_publishes_nothing(api: Caller, store: Store) -> None:
    """A task that is tried again."""
    first = api.result("publish", channel="orders:1", data=1, idempotency_key="evt-77")
    again = api.result("publish", channel="orders:1", data=1, idempotency_key="evt-77")
    assert first == again
    assert store.data("orders:1") == [1]


def test_skip_history_and_topics_without_one_have_no_position(api: Caller, store: Store) -> None:
    """Zero fields are left out."""
    assert api.result("publish", channel="orders:1", data=1, skip_history=True) == {}
    assert api.result("publish", channel="cursor:a", data=1) == {}
    assert store.data("orders:1") == []


def test_tags_come_back_in_history(api: Caller) -> None:
    """What filters need."""
    api.result("publish", channel="orders:1", data=1, tags={"lang": "en"})
    (publication,) = api.result("history", channel="orders:1", limit=1)["publications"]
    assert publication == {"data": 1, "tags": {"lang": "en"}, "offset": 1}


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"channel": "nothing:1", "data": 1}, UNKNOWN),
        ({"channel": "orders:x", "data": 1}, UNKNOWN),
        ({"channel": "", "data": 1}, (107, "bad request: a topic name can't be empty")),
        ({"channel": "orders:1"}, (107, "bad request: there is no 'data'")),
        ({"channel": "orders:1", "data": "x" * 1_001}, (107, None)),
        ({"channel": "orders:1", "data": 1, "idempotency_key": "x" * 256}, (107, None)),
        ({"channel": "orders:1", "data": 1, "tags": {"a": 1}}, (107, None)),
        ({"channel": "orders:1", "data": 1, "version": 3}, (107, None)),
        ({"channel": 5, "data": 1}, (107, None)),
        ({"data": 1}, (107, None)),
    ],
)
def test_what_can_not_be_published_has_its_code(
    api: Caller, store: Store, fields: dict[str, Any], error: tuple[int, str | None]
) -> None:
    """And a bad request says why."""
    code, message = api.error("publish", **fields)
    assert code == error[0]
    assert message == error[1] or (error[1] is None and message.startswith("bad request: "))
    assert store.data("orders:1") == []


def test_a_number_that_nobody_can_read_is_107(api: Caller) -> None:
    """Python would call it infinity."""
    response = api.request("POST", "/api/publish", b'{"channel":"orders:1","data":1e999}')
    assert response.data["error"]["code"] == 107


HALF = rb'{"channel":"orders:1","data":"nice work \ud83d"}'


def test_half_an_emoji_is_107_and_nothing_of_its_request_is_done(api: Caller, store: Store) -> None:
    """What no subscriber could put into UTF-8, and why; 400 would not say that it is the text."""
    for path, body in (
        ("publish", HALF),
        ("publish", HALF.replace(rb"\ud83d", b"\xff")),
        ("broadcast", rb'{"channels":["orders:1","orders:\ud83d"],"data":1}'),
        (
            "batch",
            b'{"commands":[{"publish":{"channel":"orders:1","data":1}},{"publish":%b}]}' % HALF,
        ),
        ("disconnect", rb'{"user":"\ud83d"}'),
    ):
        response = api.request("POST", f"/api/{path}", body)
        assert response.data["error"]["code"] == 107
        assert "utf-8" in response.data["error"]["message"].lower()
    assert store.data("orders:1") == []


def test_unknown_fields_are_ignored(api: Caller) -> None:
    """A newer client's."""
    api.result("publish", channel="orders:1", data=1, delta=True, of_tomorrow=1)


def test_broadcast_answers_for_each_channel_in_order(api: Caller, store: Store) -> None:
    """One wrong name doesn't keep the others from getting it."""
    channels = ["orders:1", "nothing", "cursor:a", "orders:2", ""]
    responses = api.result("broadcast", channels=channels, data="x")["responses"]
    assert [each.get("error", {}).get("code") for each in responses] == [None, 102, None, None, 107]
    assert [each["result"].get("offset") for each in responses if "result" in each] == [1, None, 1]
    assert store.data("orders:1") == store.data("orders:2") == ["x"]


def test_a_broadcast_may_be_large(api: Caller, store: Store) -> None:
    """To every order of a shop; in several round trips."""
    channels = [f"orders:{number}" for number in range(1, 351)]
    responses = api.result("broadcast", channels=channels, data=1)["responses"]
    assert [each["result"]["offset"] for each in responses] == [1] * 350
    assert store.data("orders:350") == [1]
    assert api.error("broadcast", channels=["orders:1"] * 10_001, data=1)[0] == 107


def test_a_batch_is_done_in_order_each_command_with_its_own_answer(
    api: Caller, store: Store
) -> None:
    """No "result" around it: that is how it is."""
    commands = [
        {"publish": {"channel": "orders:1", "data": 1}},
        {"publish": {"channel": "no:pe", "data": 1}},
        {"publish": {"channel": "orders:1", "data": 2}},
        {"history": {"channel": "orders:1", "limit": 1, "reverse": True}},
        {"presence": {"channel": "orders:1"}},
        {"rename": {}},
        {"batch": {"commands": []}},
        {},
        {"publish": {"channel": 5}},
        {"info": {}},
        {"broadcast": {"channels": ["orders:1"], "data": 3}},
    ]
    answer = api.ask("batch", commands=commands, parallel=True)
    assert set(answer) == {"replies"}
    replies = answer["replies"]
    assert replies[0]["publish"]["offset"] == 1
    assert replies[1] == {"error": {"code": 102, "message": "unknown channel"}}
    assert replies[3]["history"]["publications"] == [{"data": 2, "offset": 2}]
    codes = [reply["error"]["code"] if "error" in reply else None for reply in replies]
    assert codes == [None, 102, None, None, 108, 104, 104, 104, 107, None, None]
    assert store.data("orders:1") == [1, 2, 3]


@pytest.mark.parametrize(
    "failing",
    [
        [{"publish": {"channel": "orders:1", "data": 1, "idempotency_key": "spoilt"}}],
        [{"broadcast": {"channels": ["orders:1"], "data": 1, "idempotency_key": "spoilt"}}],
        [
            {"publish": {"channel": "orders:1", "data": 1, "idempotency_key": "spoilt"}},
            {"publish": {"channel": "no:pe", "data": 1}},
        ],
        [
            {
                "broadcast": {
                    "channels": ["orders:1", "no:pe"],
                    "data": 1,
                    "idempotency_key": "spoilt",
                }
            }
        ],
    ],
)
def test_nothing_of_a_batch_is_published_behind_what_redis_refused(
    api: Caller, store: Store, failing: list[dict[str, Any]]
) -> None:
    """Whoever repeats it wants the order that it had."""
    spoilt = store.keys.idempotency("orders:1", "given:spoilt")
    store.client.hset(spoilt, "no", "text")
    later = [{"history": {"channel": "orders:1"}}, {"publish": {"channel": "orders:1", "data": 2}}]
    replies = api.ask("batch", commands=[*failing, *later])["replies"]
    assert replies[-1]["error"]["code"] == 100
    assert store.data("orders:1") == []


def test_a_batch_has_a_limit(api: Caller) -> None:
    """It occupies one of a few threads."""
    assert api.error("batch", commands=[{"info": {}}] * 1_001)[0] == 107
    assert api.error("batch", commands=3)[0] == 107
    assert api.ask("batch", commands=[]) == {"replies": []}


def test_history_from_both_ends(api: Caller) -> None:
    """As in the client protocol: section 6.2."""
    for number in range(1, 6):
        api.result("publish", channel="orders:1", data=number)

    def data(**fields: Any) -> list[int]:
        page = api.result("history", channel="orders:1", **fields)
        assert page["offset"] == 5
        return [each["data"] for each in page["publications"]]

    epoch = position("orders:1").epoch
    assert data() == data(limit=0) == []
    assert data(limit=-1) == [1, 2, 3, 4, 5]
    assert data(limit=2) == [1, 2]
    assert data(limit=2, since={"offset": 2, "epoch": epoch}) == [3, 4]
    assert data(limit=2, since={"offset": 2}) == [3, 4]
    assert data(limit=2, reverse=True) == [5, 4]
    assert data(limit=-1, since={"offset": 3, "epoch": epoch}, reverse=True) == [2, 1]


def test_history_that_can_not_be_had(api: Caller) -> None:
    """Codes 102, 107, 108, 112."""
    api.result("publish", channel="orders:1", data=1)
    assert api.error("history", channel="nothing") == UNKNOWN
    assert api.error("history", channel="cursor:a", limit=1) == NOT_AVAILABLE
    other = {"offset": 1, "epoch": "other"}
    assert api.error("history", channel="orders:1", limit=1, since=other)[0] == 112
    assert api.error("history", channel="orders:1", since={"offset": -1})[0] == 107
    assert api.error("history", channel="orders:1", since={"offset": 2**63})[0] == 107
    begin = {"offset": 0}
    assert api.error("history", channel="orders:1", limit=1, since=begin, reverse=True)[0] == 107


def test_presence_of_an_empty_room_and_of_a_topic_without(api: Caller) -> None:
    """The map is there also when it is empty: client libraries need it."""
    assert api.result("presence", channel="room:a") == {"presence": {}}
    assert api.result("presence_stats", channel="room:a") == {"num_clients": 0, "num_users": 0}
    for method in ("presence", "presence_stats"):
        assert api.error(method, channel="orders:1") == NOT_AVAILABLE
        assert api.error(method, channel="nothing") == UNKNOWN


def test_disconnect_and_unsubscribe_reach_all_processes(api: Caller, store: Store) -> None:
    """They are told by the control topic; users without connections are no error."""
    assert api.result("disconnect", user="42") == {}
    api.result(
        "disconnect",
        user="42",
        client="abc",
        whitelist=["def"],
        disconnect={"code": 4501, "reason": "banned"},
    )
    api.result("unsubscribe", user="42", channel="orders:1")
    plain, special, unsubscribe = store.data("ws_service:control")
    assert (plain["do"], plain["user"], plain["code"]) == ("disconnect", "42", 3503)
    assert plain["reason"] == "force disconnect"
    assert special["client"] == "abc"
    assert special["keep"] == ["def"]
    assert (special["code"], special["reason"]) == (4501, "banned")
    assert unsubscribe["channel"] == "orders:1"


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("disconnect", {}),
        ("disconnect", {"user": ""}),
        ("disconnect", {"user": 42}),
        ("disconnect", {"user": "42", "session": "s"}),
        ("disconnect", {"user": "42", "disconnect": {"code": 1, "reason": ""}}),
        ("disconnect", {"user": "42", "disconnect": {"code": 4000, "reason": "true"}}),
        ("unsubscribe", {"user": "42"}),
        ("unsubscribe", {"user": "42", "channel": "orders:1", "session": "s"}),
    ],
)
def test_what_would_end_more_than_was_meant_is_refused(
    api: Caller, store: Store, method: str, fields: dict[str, Any]
) -> None:
    """Ignoring a field that narrows would disconnect everybody of that name."""
    assert api.error(method, **fields)[0] == 107
    assert store.data("ws_service:control") == []


@pytest.mark.parametrize(
    ("method", "fields", "status", "code"),
    [
        ("publish", {"channel": "nothing", "data": 1}, 404, 102),
        ("rename", {}, 404, 104),
        ("publish", {"channel": "orders:1"}, 400, 107),
        ("presence", {"channel": "orders:1"}, 400, 108),
        ("history", {"channel": "orders:1", "since": {"offset": 1, "epoch": "x"}}, 416, 112),
    ],
)
def test_errors_become_https_own_for_who_asks(
    api: Caller, method: str, fields: dict[str, Any], status: int, code: int
) -> None:
    """X-Centrifugo-Error-Mode: transport; a bare error object."""
    api.result("publish", channel="orders:1", data=1)
    response = api.post(method, fields, transport=True)
    assert response.status == status
    assert response.data["code"] == code


def test_redis_away_is_100_within_the_time_limit(
    api: Caller, own_redis: RedisServer, settings: Any
) -> None:
    """And a batch waits once, not once for each of its commands."""
    settings.WS_SERVICE = settings.WS_SERVICE | {
        "REDIS_URL": own_redis.url,
        "PUBLISH_TIMEOUT": 0.3,
    }
    api.result("publish", channel="orders:1", data=1)
    own_redis.stop()
    expected = (100, "internal server error")
    assert api.error("publish", channel="orders:1", data=1) == expected
    assert api.error("history", channel="orders:1") == expected
    response = api.post("publish", {"channel": "orders:1", "data": 1}, transport=True)
    assert response.status == 500
    commands = [{"publish": {"channel": "orders:1", "data": 1}}, {"history": {"channel": "x"}}]
    replies = api.ask("batch", commands=commands * 300)["replies"]
    assert [reply["error"]["code"] for reply in replies] == [100] * 600
