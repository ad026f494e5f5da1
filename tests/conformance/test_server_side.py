"""Topics to which the service subscribes a user by itself, as the official SDKs see them."""

import pytest

from tests.conformance.conftest import Stage
from tests.conformance.sdk_process import Sdk, Subscriber
from tests.live import Site

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


def test_members_of_a_team_are_in_it_at_once(
    sdk: Sdk, stage: Stage, site: Site, ada: str, name: str
) -> None:
    """`at_connect` says which; presence, join and leave work as for any subscription."""
    team = Subscriber(sdk, ada, "team:A")
    id_ = sdk.connected(ada)["id"]
    assert team.wait_for("join")["info"]["client"] == id_
    sdk.connect(name, stage.url, Cookie=site.cookie_of("Admin"), **stage.headers)
    other = sdk.connected(name)["id"]
    assert team.wait_for("join", times=2)["info"] == {
        "user": stage.publisher.user("Admin"),
        "client": other,
    }
    assert set(sdk.ask(ada, "presence", channel="team:A")["clients"]) == {id_, other}
    stage.publisher.publish("team:A", name)
    team.wait_for_data([name])
    sdk.tell("disconnect", name)
    assert team.wait_for("leave")["info"]["client"] == other


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
