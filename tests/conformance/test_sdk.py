"""The official SDKs, unchanged, against the service on each server."""

from itertools import pairwise
from typing import Any

import pytest

from tests.conformance.conftest import Stage
from tests.conformance.sdk_process import Sdk, Subscriber
from tests.faults import redis_restart
from tests.live import Site

INSUFFICIENT_STATE = 2500
LOST_POSITION = 3010


def subscriber(sdk: Sdk, client: str, topic: str, **options: Any) -> Subscriber:
    """Somebody who is subscribed."""
    subscriber = sdk.subscribe(client, topic, **options)
    subscriber.wait_for("subscribed")
    return subscriber


def is_gap(event: Any) -> bool:
    return event["wasRecovering"] and not event["recovered"]


# --- Subscribing and hearing ---------------------------------------------------------------


@pytest.mark.older_sdks
@pytest.mark.promise("exactly-once")
def test_publications_arrive_once_and_in_order(
    sdk: Sdk, stage: Stage, client: str, name: str
) -> None:
    """What the whole product is for."""
    listener = subscriber(sdk, client, f"open:{name}")
    sent = [{"n": n, "text": "Grüße\n«ok» 🎉"} for n in range(50)]
    stage.publisher.publish(f"open:{name}", *sent)
    listener.wait_for_data(sent)
    assert listener.offsets == list(range(1, 51))


def test_any_json_is_delivered_as_it_was_published(
    sdk: Sdk, stage: Stage, client: str, name: str
) -> None:
    """Payloads are the site's own; one of 20,000 characters doesn't fit into a doorbell."""
    listener = subscriber(sdk, client, f"open:{name}")
    sent = [0, "", False, [], {}, [None], "\u2028</script>", "x" * 20_000, {"a": {"b": [1.5]}}]
    stage.publisher.publish(f"open:{name}", *sent)
    listener.wait_for_data(sent)


def test_a_topic_without_history_delivers_live(
    sdk: Sdk, stage: Stage, client: str, name: str
) -> None:
    """Cursors and typing marks need no memory."""
    listener = subscriber(sdk, client, f"fleeting:{name}")
    assert not listener.events("subscribed")[0]["recoverable"]
    stage.publisher.publish(f"fleeting:{name}", "a", "b", "c")
    listener.wait_for_data(["a", "b", "c"])


@pytest.mark.older_sdks
def test_commands_may_come_before_the_connection(sdk: Sdk, stage: Stage, name: str) -> None:
    """The JavaScript SDK sends connect and all subscriptions in its very first frame."""
    sdk.connect(name, stage.url, **stage.headers)
    listeners = [sdk.subscribe(name, f"open:{name}{n}") for n in range(10)]
    for listener in listeners:
        listener.wait_for("subscribed")
        stage.publisher.publish(listener.channel, listener.channel)
        listener.wait_for_data([listener.channel])
    sdk.tell("disconnect", name)


@pytest.mark.older_sdks
def test_after_an_unsubscribe_nothing_arrives(
    sdk: Sdk, stage: Stage, client: str, name: str
) -> None:
    """A page that closed a panel must not pay for it, nor see ghosts in it."""
    sdk.connect(f"{name}-witness", stage.url, **stage.headers)
    witness = subscriber(sdk, f"{name}-witness", f"open:{name}")
    listener = subscriber(sdk, client, f"open:{name}")
    stage.publisher.publish(f"open:{name}", 1)
    listener.wait_for_data([1])
    listener.unsubscribe()
    stage.publisher.publish(f"open:{name}", 2)
    witness.wait_for_data([1, 2])
    # The answer comes behind whatever was sent to this client before.
    subscriber(sdk, client, f"open:{name}-other")
    assert listener.data == [1]
    sdk.tell("disconnect", f"{name}-witness")


def test_a_client_that_subscribes_again_gets_what_it_missed(
    sdk: Sdk, stage: Stage, client: str, name: str
) -> None:
    """A panel that is opened again. Python's can't before 0.4.3."""
    listener = subscriber(sdk, client, f"open:{name}")
    stage.publisher.publish(f"open:{name}", 1)
    listener.wait_for_data([1])
    listener.unsubscribe()
    stage.publisher.publish(f"open:{name}", 2)
    listener.subscribe()
    listener.wait_for_data([1, 2])


# --- History -------------------------------------------------------------------------------


@pytest.mark.older_sdks
def test_history_is_read_in_pages_both_ways(sdk: Sdk, stage: Stage, client: str, name: str) -> None:
    """A chat shows its last lines at once, and older ones when somebody scrolls."""
    listener = subscriber(sdk, client, f"open:{name}")
    top = stage.publisher.publish(f"open:{name}", *"abcde")

    def page(**options: Any) -> list[Any]:
        return [each["data"] for each in listener.history(**options)["publications"]]

    bare = listener.history()
    assert (bare["offset"], bare["epoch"]) == (5, top["epoch"])
    assert bare["publications"] == []
    assert page(limit=2) == ["a", "b"]
    assert page(limit=-1) == ["a", "b", "c", "d", "e"]
    assert page(limit=2, reverse=True) == ["e", "d"]
    since = {"offset": 3, "epoch": top["epoch"]}
    assert page(limit=10, since=since) == ["d", "e"]
    assert page(limit=10, since=since, reverse=True) == ["b", "a"]


def test_history_is_refused_with_the_codes_of_the_protocol(
    sdk: Sdk, stage: Stage, client: str, name: str
) -> None:
    """Applications decide by them whether to load their state anew."""
    listener = subscriber(sdk, client, f"open:{name}")
    wrong = {"offset": 1, "epoch": "other"}
    assert listener.history(limit=1, since=wrong)["error"]["code"] == 112
    fleeting = subscriber(sdk, client, f"fleeting:{name}")
    assert fleeting.history(limit=1)["error"]["code"] == 108


# --- Permission ----------------------------------------------------------------------------


@pytest.mark.promise("default-deny")
@pytest.mark.parametrize(
    ("topic", "code"), [("denied:a", 103), ("user:Ada", 103), ("nowhere:a", 102)]
)
def test_a_refusal_is_final(sdk: Sdk, client: str, topic: str, code: int) -> None:
    """Asking again would not help, and a thousand pages that ask again are an outage."""
    refused = sdk.subscribe(client, topic)
    assert refused.wait_for("unsubscribed")["code"] == code
    assert refused.events("error") == []


def test_the_users_own_topic_is_allowed(sdk: Sdk, stage: Stage, site: Site, name: str) -> None:
    """The policy sees the user of the page: by the Django session, with the ORM."""
    sdk.connect(name, stage.url, Cookie=site.cookie_of("Ada"), **stage.headers)
    listener = subscriber(sdk, name, "user:Ada")
    stage.publisher.publish("user:Ada", name)
    listener.wait_for("publication")
    assert name in listener.data
    assert sdk.subscribe(name, "user:Grace").wait_for("unsubscribed")["code"] == 103
    sdk.tell("disconnect", name)


@pytest.mark.older_sdks
@pytest.mark.promise("temporary-error")
def test_a_temporary_error_is_retried(sdk: Sdk, stage: Stage, client: str, name: str) -> None:
    """A database that was away for a moment must not leave pages dead until they are reloaded."""
    listener = sdk.subscribe(client, f"flaky:{name}")
    assert listener.wait_for("error", times=2)["error"]["code"] == 100
    (stage.flags / name).touch()
    listener.wait_for("subscribed")
    assert listener.events("unsubscribed") == []


# --- Recovery ------------------------------------------------------------------------------


@pytest.mark.older_sdks
@pytest.mark.promise("recovery")
def test_after_a_cut_what_was_missed_arrives(
    sdk: Sdk, stage: Stage, client: str, name: str
) -> None:
    """A phone in a tunnel."""
    listener = subscriber(sdk, client, f"open:{name}")
    stage.publisher.publish(f"open:{name}", 1)
    listener.wait_for_data([1])
    with stage.link.down():
        stage.publisher.publish(f"open:{name}", 2, 3)
    listener.wait_for_data([1, 2, 3])
    stage.publisher.publish(f"open:{name}", 4)
    listener.wait_for_data([1, 2, 3, 4])
    back = listener.wait_for("subscribed", times=2)
    assert back["wasRecovering"]
    assert back["recovered"]
    # The client's own position: each recovered publication moves it on.
    assert back["streamPosition"]["offset"] == 1


@pytest.mark.older_sdks
@pytest.mark.promise("exactly-once")
def test_more_missed_than_is_kept_is_a_gap_that_is_told(
    sdk: Sdk, stage: Stage, client: str, name: str
) -> None:
    """The page loads its state anew instead of showing one with a hole in it. The topic keeps 5."""
    listener = subscriber(sdk, client, f"shallow:{name}")
    stage.publisher.publish(f"shallow:{name}", 1)
    listener.wait_for_data([1])
    with stage.link.down():
        stage.publisher.publish(f"shallow:{name}", *range(2, 9))
    back = listener.wait_for("subscribed", times=2)
    assert is_gap(back)
    assert back["streamPosition"]["offset"] == 8
    stage.publisher.publish(f"shallow:{name}", 9)
    listener.wait_for_data([1, 9])


@pytest.mark.promise("page-seam")
def test_a_page_hears_what_came_after_its_state(
    sdk: Sdk, stage: Stage, client: str, name: str
) -> None:
    """A page renders its state at one time and subscribes at a later one."""
    stage.publisher.publish(f"open:{name}", 1)
    since = stage.publisher.position(f"open:{name}")
    stage.publisher.publish(f"open:{name}", 2, 3)
    listener = sdk.subscribe(client, f"open:{name}", since=since)
    listener.wait_for_data([2, 3])
    assert listener.events("subscribed")[0]["recovered"]


def test_a_page_of_a_topic_without_publications_starts_at_its_beginning(
    sdk: Sdk, stage: Stage, client: str, name: str
) -> None:
    """An empty position would fit any later stream."""
    since = stage.publisher.position(f"open:{name}")
    assert since["offset"] == 0
    assert since["epoch"]
    stage.publisher.publish(f"open:{name}", 1)
    listener = sdk.subscribe(client, f"open:{name}", since=since)
    listener.wait_for_data([1])


def test_a_position_that_never_was_is_refused(
    sdk: Sdk, stage: Stage, client: str, name: str
) -> None:
    """JavaScript's `since` is told of the gap; Python's `get_state` is asked for a new state."""
    stage.publisher.publish(f"open:{name}", 1)
    listener = sdk.subscribe(client, f"open:{name}", since={"offset": 1, "epoch": "never"})
    if sdk.name == "python":
        listener.wait_for("getState", times=2)
        assert listener.events("subscribed") == []
    else:
        assert is_gap(listener.wait_for("subscribed"))


# --- Restarts ------------------------------------------------------------------------------


@pytest.mark.promise("recovery")
def test_after_a_restart_of_the_service_what_was_missed_arrives(
    sdk: Sdk, stage: Stage, site: Site, client: str, name: str
) -> None:
    """A deployment at noon; also for a topic to which the service has subscribed a user."""
    sdk.connect(f"{name}-ada", stage.url, Cookie=site.cookie_of("Ada"), **stage.headers)
    inbox = Subscriber(sdk, f"{name}-ada", f"#{stage.publisher.user('Ada')}")
    inbox.wait_for("subscribed")
    listeners = [subscriber(sdk, client, f"open:{name}"), inbox]
    for each in listeners:
        stage.publisher.publish(each.channel, 1)
        each.wait_for_data([1])
    stage.service.stop()
    for each in listeners:
        stage.publisher.publish(each.channel, 2, 3)
    stage.service.start()
    for each in listeners:
        stage.publisher.publish(each.channel, 4)
        each.wait_for_data([1, 2, 3, 4])
        assert not any(map(is_gap, each.events("subscribed")))
    sdk.tell("disconnect", f"{name}-ada")


@pytest.mark.promise("redis-restart")
def test_a_redis_that_comes_back_whole_costs_nothing(
    sdk: Sdk, stage: Stage, client: str, name: str
) -> None:
    """Redis is updated too. Sockets stay, and what was published after it arrives in order."""
    listener = subscriber(sdk, client, f"open:{name}")
    stage.publisher.publish(f"open:{name}", 1)
    listener.wait_for_data([1])
    redis_restart.whole(stage.redis)
    stage.publisher.publish(f"open:{name}", 2, 3)
    listener.wait_for_data([1, 2, 3])
    assert not any(map(is_gap, listener.events("subscribed")))
    assert len(sdk.log.of(client, None, "connected")) == 1


@pytest.mark.promise("redis-restart")
def test_a_redis_that_lost_writes_is_told_as_a_gap(
    sdk: Sdk, stage: Stage, site: Site, client: str, name: str
) -> None:
    """A client that is ahead of the store must not take new publications for old ones.

    Where the service has made the subscription, it is the connection that begins anew.
    """
    inbox = Subscriber(sdk, f"{name}-ada", f"#{stage.publisher.user('Ada')}")
    stage.publisher.publish(inbox.channel, "in the epoch of an earlier restart, if there was one")
    sdk.connect(inbox.client, stage.url, Cookie=site.cookie_of("Ada"), **stage.headers)
    inbox.wait_for("subscribed")
    listener = subscriber(sdk, client, f"open:{name}")
    stage.publisher.publish(f"open:{name}", 1, 2)
    listener.wait_for_data([1, 2])

    def publish_more() -> None:
        stage.publisher.publish(f"open:{name}", "lost 3", "lost 4")
        listener.wait_for_data([1, 2, "lost 3", "lost 4"])
        stage.publisher.publish(inbox.channel, "lost")
        inbox.wait_for_data(["lost"])

    redis_restart.stale(stage.redis, publish_more)
    stage.publisher.publish(inbox.channel, "new")
    assert is_gap(inbox.wait_for("subscribed", times=2))
    assert sdk.log.of(inbox.client, None, "connecting")[1]["code"] == LOST_POSITION
    stage.publisher.publish(f"open:{name}", "new 3", "new 4", "new 5")
    assert is_gap(listener.wait_for("subscribed", times=2))
    assert listener.events("subscribing")[-1]["code"] == INSUFFICIENT_STATE
    at = stage.publisher.publish(f"open:{name}", "last")
    listener.sdk.log.wait(lambda: listener.data[-1] == "last", "the arrival of the last one")
    assert listener.data[:4] == [1, 2, "lost 3", "lost 4"]
    assert listener.events("subscribed")[-1]["streamPosition"]["epoch"] == at["epoch"]
    assert all(later == earlier + 1 for earlier, later in pairwise(listener.offsets[4:]))
    sdk.tell("disconnect", inbox.client)


@pytest.mark.promise("redis-restart")
def test_a_redis_that_lost_everything_is_told_as_a_gap(
    sdk: Sdk, stage: Stage, client: str, name: str
) -> None:
    """Without persistence a restart empties it, and offsets begin again."""
    listener = subscriber(sdk, client, f"open:{name}")
    stage.publisher.publish(f"open:{name}", 1, 2, 3)
    listener.wait_for_data([1, 2, 3])
    redis_restart.empty(stage.redis)
    stage.publisher.publish(f"open:{name}", "new")
    assert is_gap(listener.wait_for("subscribed", times=2))
    stage.publisher.publish(f"open:{name}", "last")
    listener.sdk.log.wait(lambda: "last" in listener.data, "the arrival of the last one")
