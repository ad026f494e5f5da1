"""Tokens: who somebody is and what they may see, said by the site, as the SDKs use them."""

import pytest

from tests.conformance.conftest import Stage
from tests.conformance.sdk_process import Sdk

SHORT_S = 1
"""In whole seconds, rounded up: between one and two."""


def test_a_token_says_who_connects(sdk: Sdk, stage: Stage, name: str) -> None:
    """Without a cookie: an app on a phone, another origin, a device."""
    token = stage.publisher.token("Ada", info={"device": "phone"})
    sdk.connect(name, stage.url, token=token, **stage.headers)
    id_ = sdk.connected(name)["id"]
    sdk.subscribe(name, f"room:{name}").wait_for("subscribed")
    assert sdk.ask(name, "presence", channel=f"room:{name}")["clients"][id_] == {
        "user": stage.publisher.user("Ada"),
        "client": id_,
        "connInfo": {"device": "phone"},
        "chanInfo": {"name": "Ada"},
    }
    sdk.subscribe(name, "user:Ada").wait_for("subscribed")
    sdk.tell("disconnect", name)


def test_a_token_opens_a_topic(sdk: Sdk, stage: Stage, name: str) -> None:
    """Its word replaces the policy's; names that begin with $ open by nothing else."""
    sdk.connect(name, stage.url, token=stage.publisher.token("Ada"), **stage.headers)
    for channel in (f"$sealed:{name}", f"denied:{name}"):
        assert sdk.subscribe(name, channel).wait_for("unsubscribed")["code"] == 103
        token = stage.publisher.token("Ada", channel=f"{channel}-1", info={"role": "guest"})
        listener = sdk.subscribe(name, f"{channel}-1", token=token)
        listener.wait_for("subscribed")
        stage.publisher.publish(listener.channel, name)
        listener.wait_for_data([name])
    sdk.tell("disconnect", name)


def test_tokens_are_renewed_while_the_connection_goes_on(sdk: Sdk, stage: Stage, name: str) -> None:
    """A page that is open for hours: its tokens live for minutes, and nobody notices."""
    topic = f"$sealed:{name}"
    long = stage.publisher.token("Ada")
    # Two others at the same time: who is given an expired token when it renews its own comes back
    # with a new one; who has no way to get another one ends.
    expired = stage.publisher.ask("expired_token", user="Ada")
    long_pass = stage.publisher.token("Ada", channel=topic)
    short_pass = stage.publisher.token("Ada", channel=topic, expires_in=SHORT_S)
    short = stage.publisher.token("Ada", expires_in=SHORT_S)
    sdk.connect(name, stage.url, tokens=[short, long], **stage.headers)
    sdk.connect(f"{name}-late", stage.url, tokens=[short, expired, long], **stage.headers)
    listener = sdk.subscribe(name, topic, tokens=[short_pass, long_pass])
    sdk.connect(f"{name}-poor", stage.url, token=expired, **stage.headers)
    late_pass = stage.publisher.ask("expired_token", user="Ada", channel=f"{topic}-2")
    poor = sdk.subscribe(name, f"{topic}-2", token=late_pass)
    listener.wait_for("subscribed")

    assert sdk.wait_for(f"{name}-poor", "disconnected")["code"] == 1
    assert poor.wait_for("unsubscribed")["code"] == 1
    sdk.wait_for(name, "getToken", times=2)
    listener.wait_for("getToken", times=2)
    again = sdk.connected(f"{name}-late", times=2)
    assert sdk.log.of(f"{name}-late", None, "connecting")[1]["code"] == 3005
    assert again["id"] != sdk.connected(f"{name}-late")["id"]

    stage.publisher.publish(topic, "after it")
    listener.wait_for_data(["after it"])
    assert len(sdk.log.of(name, None, "connected")) == 1
    assert len(listener.events("subscribing")) == 1
    for client in (name, f"{name}-late"):
        sdk.tell("disconnect", client)


@pytest.mark.parametrize("token", ["nonsense", "x.y.z"])
def test_a_token_that_is_none_ends_the_connection_for_good(
    sdk: Sdk, stage: Stage, name: str, token: str
) -> None:
    """Asking again would not help."""
    sdk.connect(name, stage.url, token=token, **stage.headers)
    ended = sdk.wait_for(name, "disconnected")
    assert (ended["code"], ended["reason"]) == (3500, "invalid token")


def test_tokens_for_something_else_are_refused(sdk: Sdk, stage: Stage, name: str) -> None:
    """A stolen or mistaken one opens nothing."""
    sdk.connect(name, stage.url, token=stage.publisher.token("Ada"), **stage.headers)
    topic = f"$sealed:{name}"
    wrong = sdk.subscribe(name, topic, token=stage.publisher.token("Ada"))
    assert wrong.wait_for("unsubscribed")["code"] == 103
    foreign = stage.publisher.token("Grace", channel=f"{topic}-2")
    sdk.subscribe(name, f"{topic}-2", token=foreign)
    assert sdk.wait_for(name, "disconnected")["code"] == 3500
