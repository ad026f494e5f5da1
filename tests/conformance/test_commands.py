"""What else clients may do: publish, call, send; and what the site may do to them."""

from typing import Any

import pytest

from tests.conformance.conftest import Stage
from tests.conformance.sdk_process import Sdk
from tests.live import Site

# --- Publishing ----------------------------------------------------------------------------


def test_what_a_client_publishes_reaches_everybody_with_its_name(
    sdk: Sdk, stage: Stage, client: str, ada: str, name: str
) -> None:
    """Cleaned by the topic's class; the name is the service's word, not the client's."""
    listener = sdk.subscribe(client, f"room:{name}")
    for each in (listener, sdk.subscribe(ada, f"room:{name}")):
        each.wait_for("subscribed")
    mark = {"text": " hello\n", "user": "somebody else"}
    assert "error" not in sdk.ask(ada, "publish", channel=f"room:{name}", data=mark)
    stage.publisher.publish(f"room:{name}", {"by": "the site"})
    listener.wait_for_data([{"text": "hello"}, {"by": "the site"}])
    first, second = listener.events("publication")
    assert first["info"] == {
        "user": stage.publisher.user("Ada"),
        "client": sdk.connected(ada)["id"],
        "chanInfo": {"name": "Ada"},
    }
    assert second.get("info") is None
    assert listener.offsets == [1, 2]
    kept = sdk.ask(client, "history", channel=f"room:{name}", limit=-1)["publications"]
    assert kept[0]["info"] == first["info"]


def test_what_clients_publish_one_after_the_other_stays_in_order(
    sdk: Sdk, client: str, name: str
) -> None:
    """Also what they send without waiting for the answers."""
    listener = sdk.subscribe(client, f"deep:{name}")
    listener.wait_for("subscribed")
    for n in range(30):
        sdk.tell(
            *("call", client), name="publish", number=-n, channel=listener.channel, data={"n": n}
        )
    listener.wait_for_data([{"n": n} for n in range(30)])


@pytest.mark.parametrize(
    ("channel", "data", "code"),
    [
        ("open", "x", 103), ("nowhere", "x", 102), ("room", {"text": ""}, 107), ("room", 7, 107),
        ("tight", "x" * 99, 107), ("ws_service", "x", 107),
    ],
    ids=["not allowed", "unknown", "refused by clean", "of another kind", "too large", "reserved"],
)  # fmt: skip
def test_what_may_not_be_published_is_refused(
    sdk: Sdk, client: str, name: str, channel: str, data: Any, code: int
) -> None:
    """With the code that says why; and the connection stays."""
    assert sdk.refusal(client, "publish", channel=f"{channel}:{name}", data=data) == code


def test_who_publishes_too_often_is_told_to_wait(sdk: Sdk, client: str, name: str) -> None:
    """The topic's own rate: two a second."""
    tight = f"tight:{name}"
    answers = [sdk.ask(client, "publish", channel=tight, data=n) for n in range(20)]
    codes = {answer["error"]["code"] for answer in answers if "error" in answer}
    assert codes == {111}
    assert "error" not in answers[0]


def test_what_the_site_says_beside_the_data_arrives(
    sdk: Sdk, stage: Stage, client: str, name: str
) -> None:
    """Tags, live and in the history, where the data are somebody else's."""
    listener = sdk.subscribe(client, f"open:{name}")
    listener.wait_for("subscribed")
    stage.publisher.ask("publish", topic=listener.channel, data=[1], tags={"kind": "note"})
    assert listener.wait_for("publication")["tags"] == {"kind": "note"}
    [kept] = sdk.ask(client, "history", channel=listener.channel, limit=-1)["publications"]
    assert (kept["data"], kept["tags"]) == ([1], {"kind": "note"})


# --- History -------------------------------------------------------------------------------


def test_history_is_for_those_who_may_see_it(sdk: Sdk, client: str, name: str) -> None:
    """To hear what comes is another right than to read what was."""
    sdk.subscribe(client, f"veiled:{name}").wait_for("subscribed")
    assert sdk.refusal(client, "history", channel=f"veiled:{name}", limit=1) == 103


def test_of_a_state_only_the_latest_is_recovered(
    sdk: Sdk, stage: Stage, client: str, name: str
) -> None:
    """A price that was right a minute ago is of no use to anybody."""
    listener = sdk.subscribe(client, f"latest:{name}")
    listener.wait_for("subscribed")
    stage.publisher.publish(listener.channel, 1)
    listener.wait_for_data([1])
    with stage.link.down():
        stage.publisher.publish(listener.channel, 2, 3, 4)
    listener.wait_for_data([1, 4])
    assert listener.wait_for("subscribed", times=2)["recovered"]
    stage.publisher.publish(listener.channel, 5)
    listener.wait_for_data([1, 4, 5])


# --- Calls ---------------------------------------------------------------------------------


def test_a_call_is_answered(sdk: Sdk, stage: Stage, ada: str) -> None:
    """With the caller known, and parameters that have the types they should have."""
    answer = sdk.ask(ada, "rpc", method="greet", data={"name": "Bob", "times": 2})
    assert answer["data"] == {
        "text": "Hello Bob!Hello Bob!",
        "user": stage.publisher.user("Ada"),
        "client": sdk.connected(ada)["id"],
    }
    assert sdk.ask(ada, "rpc", method="nothing", data={}).get("data") is None


@pytest.mark.parametrize(
    ("method", "data", "code"),
    [
        ("unknown", {}, 104), ("greet", {}, 107), ("greet", {"name": 7}, 107), ("greet", 7, 107),
        ("greet", {"name": "Bob", "tmies": 2}, 107), ("refuse", {"how": "own"}, 1234),
        ("refuse", {"how": "denied"}, 103), ("refuse", {"how": "invalid"}, 107),
        ("refuse", {"how": "bug"}, 100),
    ],
    ids=repr,
)  # fmt: skip
def test_a_call_that_fails_says_how(
    sdk: Sdk, client: str, method: str, data: Any, code: int
) -> None:
    """The application shows a message, tries again, or has a bug."""
    assert sdk.refusal(client, "rpc", method=method, data=data) == code


def test_messages_that_nobody_wants_are_ignored(sdk: Sdk, client: str) -> None:
    """Not the end of the connection, as it would be elsewhere. The Python SDK can't send any."""
    if sdk.name != "python":
        sdk.tell("send", client, data={"any": "thing"})
    assert sdk.refusal(client, "rpc", method="unknown") == 104


# --- What the site does to its users -------------------------------------------------------


def test_a_user_can_be_disconnected_for_good(sdk: Sdk, stage: Stage, client: str, ada: str) -> None:
    """Somebody was banned: the SDK doesn't come back; nobody else notices."""
    stage.publisher.ask("disconnect_user", user="Ada")
    ended = sdk.wait_for(ada, "disconnected")
    assert (ended["code"], ended["reason"]) == (3503, "force disconnect")
    assert sdk.refusal(client, "rpc", method="unknown") == 104


def test_a_user_can_be_made_to_connect_anew(
    sdk: Sdk, stage: Stage, site: Site, ada: str, name: str
) -> None:
    """With a code of one's own; connections that are to be kept stay."""
    sdk.connect(name, stage.url, Cookie=site.cookie_of("Ada"), **stage.headers)
    kept = sdk.connected(name)["id"]
    stage.publisher.ask("disconnect_user", user="Ada", keep=[kept], code=4000, reason="new rights")
    sdk.connected(ada, times=2)
    again = sdk.log.of(ada, None, "connecting")[1]
    assert (again["code"], again["reason"]) == (4000, "new rights")
    assert sdk.refusal(name, "rpc", method="unknown") == 104
    assert len(sdk.log.of(name, None, "connecting")) == 1
    sdk.tell("disconnect", name)


def test_a_user_can_be_taken_out_of_a_topic(
    sdk: Sdk, stage: Stage, client: str, ada: str, name: str
) -> None:
    """Who may no longer see an order; whoever else may goes on."""
    graces = sdk.subscribe(client, f"open:{name}")
    adas = sdk.subscribe(ada, f"open:{name}")
    for each in (graces, adas):
        each.wait_for("subscribed")
    stage.publisher.ask("unsubscribe_user", user="Ada", topic=f"open:{name}")
    assert adas.wait_for("unsubscribed")["code"] == 2000
    stage.publisher.publish(f"open:{name}", 1)
    graces.wait_for_data([1])
    assert adas.data == []
