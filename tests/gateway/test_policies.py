"""Policies that fail, hang or answer strangely disturb nobody else, and never let anybody in."""

from collections.abc import Callable

import pytest

from tests.gateway.client import Client
from tests.gateway.conftest import Gate, State
from tests.live import Service, Site, wait_until
from ws_service import publish

Open = Callable[..., Client]
TEMPORARY = {"code": 100, "message": "internal server error", "temporary": True}


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        ("broken", "BrokenTopic.can_subscribe failed"),
        ("outage", "OutageTopic.can_subscribe failed"),
        ("decorated", "a policy that awaits must be an async def"),
    ],
)
def test_a_policy_that_fails_is_a_temporary_error_and_logged(
    served: Service, client: Client, channel: str, words: str
) -> None:
    """The client tries again; a coroutine's own truth must not open the topic."""
    assert client.ask("subscribe", channel=channel)["error"] == TEMPORARY
    # The history has a policy of its own.
    assert client.ask("history", channel=channel)["error"]["code"] == 103
    wait_until(lambda: words in served.child.tail(500))
    assert client.ask("subscribe", channel="counted:a")["subscribe"]


def test_slow_policies_are_given_up_and_hold_up_no_others(
    served: Service, client: Client, name: str
) -> None:
    """In time: SDKs wait 5 s and then drop the whole connection."""
    slow = [client.command("subscribe", channel=channel) for channel in ("slow", "slow-async")]
    quick = client.command("subscribe", channel=f"open:{name}")
    client.say(*slow, quick)
    assert client.hear()["id"] == quick["id"]
    replies = [client.hear(), client.hear()]
    assert {reply["id"] for reply in replies} == {command["id"] for command in slow}
    assert [reply["error"] for reply in replies] == [TEMPORARY, TEMPORARY]
    wait_until(lambda: served.child.tail(500).count("gave no answer in 4 s") == 2)


def test_a_policy_that_hangs_holds_up_no_other_and_nobody_who_connects(
    open_client: Open, close_gate: Callable[[str], Gate], site: Site, name: str
) -> None:
    """However many clients ask for it: it has half of the threads."""
    gate = close_gate(name)
    cookie = site.cookie_of("Ada")
    asked = []
    for client in [open_client() for _ in range(6)]:
        command = client.command("subscribe", channel=f"hanging:{name}")
        client.say(command)
        assert client.error("rpc") == 108
        asked.append((client, command["id"]))
    gate.wait_for_somebody()
    ada = open_client(cookie=cookie)
    assert ada.ask("subscribe", channel="user")["subscribe"]
    assert ada.ask("subscribe", channel=f"counted:{name}")["subscribe"]
    gate.open()
    for client, command_id in asked:
        assert client.reply_to(command_id)["subscribe"]


def test_synchronous_policies_run_in_the_database_threads(client: Client, name: str) -> None:
    """One slow query must not stop the loop."""
    assert client.ask("subscribe", channel=f"counted:{name}")["subscribe"]["positioned"]


def test_policies_see_the_sites_user(open_client: Open, site: Site) -> None:
    """Who is logged in on the page."""
    assert open_client().error("subscribe", channel="user") == 103
    ada = open_client(cookie=site.cookie_of("Ada"))
    assert ada.ask("subscribe", channel="user")["subscribe"]["epoch"]


def test_the_truth_of_a_queryset_is_asked_for_in_the_thread(open_client: Open, site: Site) -> None:
    """In the loop it would raise SynchronousOnlyOperation: nobody would ever be let in."""
    client = open_client()
    assert client.error("subscribe", channel="lazy:nobody") == 103
    key = site.cookie_of("Ada").partition("=")[2]
    assert client.ask("subscribe", channel=f"lazy:{key}")["subscribe"]["epoch"]


def test_a_client_that_leaves_while_its_policy_waits_leaves_nothing(
    open_client: Open, state: State, name: str
) -> None:
    """The policy's answer has nobody to go to."""
    client = open_client()
    client.say(client.command("subscribe", channel="slow-async"))
    assert client.error("rpc") == 108
    client.socket.close()
    wait_until(lambda: state["connections"] == 0)


@pytest.mark.usefixtures("publishing")
@pytest.mark.django_db
def test_live_recovered_and_history(open_client: Open, name: str) -> None:
    """The commands as a client sees them, once through."""
    channel = f"open:{name}"
    first = open_client()
    start = first.ask("subscribe", channel=channel)["subscribe"]
    assert start["positioned"]
    sent = [{"n": n} for n in range(4)]
    for data in sent:
        publish(channel, data, on_commit=False)
    assert [first.publication() for _ in sent] == sent
    back = open_client()
    result = back.ask("subscribe", channel=channel, recover=True, offset=1, epoch=start["epoch"])
    assert result["subscribe"] == {
        "recoverable": True,
        "positioned": True,
        "epoch": start["epoch"],
        "offset": 1,
        "was_recovering": True,
        "recovered": True,
        "publications": [{"data": {"n": n}, "offset": n + 1} for n in (1, 2, 3)],
    }
    history = back.ask("history", channel=channel, limit=2, reverse=True)["history"]
    assert history == {
        "publications": [{"data": {"n": n}, "offset": n + 1} for n in (3, 2)],
        "epoch": start["epoch"],
        "offset": 4,
    }
    assert back.ask("history", channel=channel)["history"]["publications"] == []
    assert len(back.ask("history", channel=channel, limit=-1)["history"]["publications"]) == 4
    since = {"offset": 2, "epoch": start["epoch"]}
    after = back.ask("history", channel=channel, limit=9, since=since)["history"]
    assert [each["offset"] for each in after["publications"]] == [3, 4]


@pytest.mark.usefixtures("publishing")
@pytest.mark.django_db
def test_a_gap_is_told_or_refused_as_the_client_asked(open_client: Open, name: str) -> None:
    """Never a part of what was missed."""
    channel = f"shallow:{name}"
    client = open_client()
    for n in range(6):
        publish(channel, n, on_commit=False)
    epoch = client.ask("history", channel=channel)["history"]["epoch"]
    behind = {"channel": channel, "recover": True, "offset": 1, "epoch": epoch}
    assert client.error("subscribe", **behind, flag=3) == 112
    result = client.ask("subscribe", **behind, flag=1)["subscribe"]
    assert (result.get("recovered"), result["was_recovering"], result["offset"]) == (None, True, 6)
    assert "publications" not in result
    elsewhere = {"offset": 1, "epoch": "_"}
    assert client.error("history", channel=channel, limit=1, since=elsewhere) == 112
    client.ask("unsubscribe", channel=channel)
    beyond = {**behind, "offset": 2**53}
    assert "recovered" not in client.ask("subscribe", **beyond)["subscribe"]
    client.ask("unsubscribe", channel=channel)
    beyond = {**behind, "offset": 2**63 - 1, "epoch": ""}
    assert "recovered" not in client.ask("subscribe", **beyond)["subscribe"]


@pytest.mark.usefixtures("publishing")
@pytest.mark.django_db
def test_a_topic_without_history_promises_none(open_client: Open, name: str) -> None:
    """And says so: SDKs keep no position then."""
    channel = f"fleeting:{name}"
    client = open_client()
    assert client.ask("subscribe", channel=channel)["subscribe"] == {}
    assert client.error("history", channel=channel, limit=1) == 108
    publish(channel, "now", on_commit=False)
    assert client.publication() == "now"
    client.ask("unsubscribe", channel=channel)
    again = client.ask("subscribe", channel=channel, recover=True, offset=3, epoch="e")
    assert again["subscribe"] == {"was_recovering": True}
