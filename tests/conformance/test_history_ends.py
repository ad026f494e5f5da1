"""Where a topic's history ends, all replicas say so: by its size, by its age, with every SDK.

One replica holds the topic all along, because somebody stays subscribed there: it has heard every
publication. The other one never had it before somebody comes back.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from devkit.redis_server import RedisServer
from tests.conformance import sdk_versions
from tests.conformance.conftest import SERVERS
from tests.conformance.publisher import SETTINGS, Publisher
from tests.conformance.sdk_process import Sdk, Subscriber
from tests.faults.link import Link
from tests.live import Service, Site, wait_until


@dataclass(frozen=True, slots=True)
class Replicas:
    """Two service processes on one Redis, and a link that leads to one of them."""

    services: dict[str, Service]
    publisher: Publisher
    link: Link

    def choose(self, name: str) -> None:
        """Who connects from now on gets this one."""
        self.link.lead_to(self.services[name].port)

    def connect(self, sdk: Sdk, client: str, times: int = 1) -> None:
        """Connect a client; for the given time (1: the first)."""
        sdk.connect(
            client,
            f"ws://127.0.0.1:{self.link.port}/connection/websocket",
            Origin=f"http://127.0.0.1:{self.link.port}",
        )
        sdk.connected(client, times)


@dataclass(frozen=True, slots=True)
class Return:
    """What a client is told that comes back, and the publications that it gets then."""

    recovered: bool
    offsets: list[int]


GAP = Return(recovered=False, offsets=[])


def missed(*offsets: int) -> Return:
    """Nothing is lost."""
    return Return(recovered=True, offsets=list(offsets))


@pytest.fixture(scope="module")
def replicas(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    folder = tmp_path_factory.mktemp("replicas")
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer().start(folder / "redis"))
        own = {"REDIS_URL": redis.url}
        services = {}
        for name in ("warm", "cold"):
            log = folder / f"{name}.log"
            argv = SERVERS["daphne"]
            services[name] = Service(site, log, argv, settings=SETTINGS, environment=own)
            stack.callback(services[name].stop)
            services[name].start()
        environment = site.environment(SETTINGS) | own
        publisher = stack.enter_context(Publisher(environment, folder / "publisher.log"))
        link = stack.enter_context(Link(services["warm"].port))
        yield Replicas(services, publisher, link)


@pytest.fixture(scope="module", params=[*sdk_versions.NEWEST, *sdk_versions.OLDER])
def sdk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sdk]:
    with sdk_versions.process(request.param, tmp_path_factory.mktemp("sdk")) as sdk:
        yield sdk


class Crowd:
    """Clients that leave a topic one after the other and come back together.

    count: of the publications before they come back; there is a client that leaves after each one
    and before the first, for each replica.
    """

    def __init__(self, sdk: Sdk, replicas: Replicas, topic: str, count: int) -> None:
        self._sdk = sdk
        self._replicas = replicas
        self._topic = topic
        replicas.choose("warm")
        self._stays = self._subscribe("stays")
        self._leaving = {
            where: [self._subscribe(f"{where}-{at}") for at in range(count + 1)]
            for where in replicas.services
        }
        for at in range(count + 1):
            if at:
                replicas.publisher.publish(topic, at)
            for subscribers in self._leaving.values():
                self._leave(subscribers[at], at)
        self._stays.wait_for_data(list(range(1, count + 1)))

    def come_back(self) -> dict[str, list[Return]]:
        """What each replica says, to who left before the first publication, after it and so on."""
        for where in ("cold", "warm"):
            self._replicas.choose(where)
            for each in self._leaving[where]:
                self._replicas.connect(self._sdk, each.client, times=2)
                each.wait_for("subscribed", times=2)
        self._replicas.publisher.publish(self._topic, "end")
        answers = {
            where: [self._answer(each, at) for at, each in enumerate(subscribers)]
            for where, subscribers in self._leaving.items()
        }
        for each in (self._stays, *self._leaving["cold"], *self._leaving["warm"]):
            self._sdk.tell("disconnect", each.client)
        return answers

    def _subscribe(self, who: str) -> Subscriber:
        client = f"{self._topic}-{who}"
        self._replicas.connect(self._sdk, client)
        subscriber = self._sdk.subscribe(client, self._topic)
        subscriber.wait_for("subscribed")
        return subscriber

    def _leave(self, subscriber: Subscriber, at: int) -> None:
        subscriber.wait_for_data(list(range(1, at + 1)))
        self._sdk.tell("disconnect", subscriber.client)
        self._sdk.wait_for(subscriber.client, "disconnected")

    def _answer(self, subscriber: Subscriber, at: int) -> Return:
        """Everything between its return and the publication that all of them hear."""
        self._sdk.log.wait(lambda: "end" in subscriber.data, f"the end at {subscriber.client}")
        back = subscriber.wait_for("subscribed", times=2)
        assert back["wasRecovering"]
        return Return(back["recovered"], subscriber.offsets[at:-1])


def on_both(*returns: Return) -> dict[str, list[Return]]:
    return {"warm": list(returns), "cold": list(returns)}


def expire(replicas: Replicas, topic: str) -> None:
    """Wait until the store keeps nothing of the topic any more."""
    wait_until(lambda: replicas.publisher.ask("kept", topic=topic) == [])


@pytest.mark.promise("exactly-once")
def test_what_is_beyond_the_size_is_a_gap(sdk: Sdk, replicas: Replicas, name: str) -> None:
    """The topic keeps 5 of 8. A page that reloads its state on one replica must do so on all."""
    crowd = Crowd(sdk, replicas, f"shallow:{name}", 8)
    assert crowd.come_back() == on_both(
        GAP, GAP, GAP,
        missed(4, 5, 6, 7, 8), missed(5, 6, 7, 8), missed(6, 7, 8), missed(7, 8), missed(8),
        missed(),
    )  # fmt: skip


@pytest.mark.promise("exactly-once")
def test_what_is_older_than_the_ttl_is_a_gap(sdk: Sdk, replicas: Replicas, name: str) -> None:
    """The topic has nothing left; but who has heard everything has missed nothing."""
    crowd = Crowd(sdk, replicas, f"mayfly:{name}", 3)
    expire(replicas, f"mayfly:{name}")
    assert crowd.come_back() == on_both(GAP, GAP, GAP, missed())


def test_a_latest_publication_that_is_kept_is_given(
    sdk: Sdk, replicas: Replicas, name: str
) -> None:
    """However long somebody was away, and only to those who don't have it."""
    crowd = Crowd(sdk, replicas, f"latest:{name}", 3)
    assert crowd.come_back() == on_both(missed(3), missed(3), missed(3), missed())


def test_a_latest_publication_that_has_expired_is_not_given(
    sdk: Sdk, replicas: Replicas, name: str
) -> None:
    """A price of an hour ago is no price: the page must ask for it."""
    crowd = Crowd(sdk, replicas, f"mayfly-latest:{name}", 3)
    expire(replicas, f"mayfly-latest:{name}")
    assert crowd.come_back() == on_both(GAP, GAP, GAP, missed())


@pytest.mark.parametrize("sdk", ["javascript", "older-javascript"], indirect=True)
def test_a_page_without_state_is_told_that_there_is_none(
    sdk: Sdk, replicas: Replicas, name: str
) -> None:
    """It asks for the latest with the SDK's own words, `since: {}`, which Python's hasn't."""
    topic = f"mayfly-latest:{name}"
    replicas.choose("warm")
    replicas.connect(sdk, f"{name}-stays")
    stays = sdk.subscribe(f"{name}-stays", topic)
    stays.wait_for("subscribed")
    replicas.publisher.publish(topic, 1, 2)
    stays.wait_for_data([1, 2])
    expire(replicas, topic)
    for where in ("cold", "warm"):
        replicas.choose(where)
        replicas.connect(sdk, f"{name}-{where}")
        page = sdk.subscribe(f"{name}-{where}", topic, since={})
        told = page.wait_for("subscribed")
        assert (told["wasRecovering"], told["recovered"]) == (True, False), where
        replicas.publisher.publish(topic, where)
        page.wait_for_data([where])
        expire(replicas, topic)
    for who in ("stays", "cold", "warm"):
        sdk.tell("disconnect", f"{name}-{who}")
