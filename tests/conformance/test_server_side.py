"""Topics to which the service subscribes a user by itself, as the official SDKs see them."""

from typing import Any

import pytest

from tests.conformance.conftest import Stage
from tests.conformance.sdk_process import Sdk, Subscriber
from tests.live import Site, wait_until

ALREADY_SUBSCRIBED = 105


@pytest.fixture
def inbox(sdk: Sdk, stage: Stage, ada: str) -> Subscriber:
    """Ada's own topic, to which nobody has subscribed her client."""
    inbox = Subscriber(sdk, ada, f"#{stage.publisher.user('Ada')}")
    inbox.wait_for("subscribed")
    return inbox


def test_a_users_own_topic_reaches_all_of_its_clients_and_nobody_else(
    sdk: Sdk, stage: Stage, site: Site, inbox: Subscriber, name: str
) -> None:
    """ "Your order has been shipped", in every tab, whatever page is open in it."""
    for tab, user in ((f"{name}-tab", "Ada"), (f"{name}-grace", "Grace")):
        sdk.connect(tab, stage.url, Cookie=site.cookie_of(user), **stage.headers)
        sdk.connected(tab)
    second = Subscriber(sdk, f"{name}-tab", inbox.channel)
    graces = Subscriber(sdk, f"{name}-grace", f"#{stage.publisher.user('Grace')}")
    for each in (second, graces):
        each.wait_for("subscribed")
    stage.publisher.publish(inbox.channel, {"shipped": name})
    stage.publisher.publish(graces.channel, "for Grace")
    inbox.wait_for_data([{"shipped": name}])
    second.wait_for_data([{"shipped": name}])
    graces.wait_for_data(["for Grace"])
    assert Subscriber(sdk, f"{name}-grace", inbox.channel).events() == []
    for client in (f"{name}-tab", f"{name}-grace"):
        sdk.tell("disconnect", client)


def test_nobody_has_an_own_topic_without_a_name(sdk: Sdk, client: str, stage: Stage) -> None:
    """Nor may one ask for somebody's."""
    assert sdk.log.of(client, None, "subscribed") == []
    refused = sdk.subscribe(client, f"#{stage.publisher.user('Ada')}")
    assert refused.wait_for("unsubscribed")["code"] == 103


@pytest.mark.promise("recovery")
def test_after_a_cut_what_was_missed_arrives(stage: Stage, inbox: Subscriber) -> None:
    """A phone in a tunnel: the page has no code for it."""
    stage.publisher.publish(inbox.channel, 1)
    inbox.wait_for_data([1])
    with stage.link.down():
        stage.publisher.publish(inbox.channel, 2, 3)
    inbox.wait_for_data([1, 2, 3])
    back = inbox.wait_for("subscribed", times=2)
    assert back["wasRecovering"]
    assert back["recovered"]
    stage.publisher.publish(inbox.channel, 4)
    inbox.wait_for_data([1, 2, 3, 4])
    assert inbox.events("unsubscribed") == []


def test_a_client_that_asks_for_what_it_has_is_told_so(sdk: Sdk, inbox: Subscriber) -> None:
    """And goes on hearing it: a page may not know what the service has done for it."""
    sdk.subscribe(inbox.client, inbox.channel)
    assert inbox.wait_for("unsubscribed")["code"] == ALREADY_SUBSCRIBED


def told(subscriber: Subscriber, type_: str, client: str) -> list[Any]:
    """What a subscriber has heard of somebody's coming or going; waits for the first."""

    def heard() -> list[Any]:
        infos = [event["info"] for event in subscriber.events(type_)]
        return [info for info in infos if info["client"] == client]

    found: list[Any] = subscriber.sdk.log.wait(heard, f"{type_} of {client}")
    return found


def test_members_of_a_team_are_in_it_at_once(
    sdk: Sdk, stage: Stage, site: Site, ada: str, name: str
) -> None:
    """`at_connect` says which; presence, join and leave work as for any subscription."""
    team = Subscriber(sdk, ada, "team:A")
    id_ = sdk.connected(ada)["id"]
    # Others may come and go too: clients of the tests before this one.
    assert told(team, "join", id_)
    sdk.connect(name, stage.url, Cookie=site.cookie_of("Admin"), **stage.headers)
    other = sdk.connected(name)["id"]
    admin = {"user": stage.publisher.user("Admin"), "client": other}
    assert told(team, "join", other) == [admin]
    wait_until(lambda: set(sdk.ask(ada, "presence", channel="team:A")["clients"]) == {id_, other})
    stage.publisher.publish("team:A", name)
    team.wait_for_data([name])
    sdk.tell("disconnect", name)
    assert told(team, "leave", other) == [admin]


def test_a_user_can_be_taken_out_of_a_topic(sdk: Sdk, stage: Stage, ada: str) -> None:
    """Who leaves the team must not hear what it says; the connection stays."""
    team = Subscriber(sdk, ada, "team:A")
    team.wait_for("subscribed")
    stage.publisher.ask("unsubscribe_user", user="Ada", topic="team:A")
    team.wait_for("unsubscribed")
    stage.publisher.publish("team:A", "a secret")
    inbox = Subscriber(sdk, ada, f"#{stage.publisher.user('Ada')}")
    stage.publisher.publish(inbox.channel, "still here")
    inbox.wait_for_data(["still here"])
    assert team.data == []
    assert sdk.log.of(ada, None, "connecting")[1:] == []
