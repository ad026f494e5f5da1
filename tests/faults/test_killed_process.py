"""One of several service processes is killed: who was there is gone, and comes back elsewhere."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from devkit.redis_server import RedisServer
from tests.conformance import sdk_process
from tests.conformance.conftest import SERVERS
from tests.conformance.publisher import SETTINGS, Publisher
from tests.conformance.sdk_process import SdkProcess, Subscriber
from tests.faults.link import Link
from tests.live import Service, Site, happens

pytestmark = pytest.mark.once

LEASE_S = 2.0
LIMIT_S = LEASE_S + 5.0
"""The lease, and what a machine that is busy may need besides."""
CLIENTS = 20
ROOM = "room:killed"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Three service processes: when the first one ends, two others see it.

    front: leads to the first one.
    """

    services: list[Service]
    front: Link
    publisher: Publisher
    sdk: SdkProcess

    def join(self, client: str, port: int) -> Subscriber:
        """Connect a client, and begin to subscribe it to the room."""
        self.sdk.connect(client, f"ws://127.0.0.1:{port}/connection/websocket")
        return self.sdk.subscribe(client, ROOM)

    def ids(self, subscribers: list[Subscriber], times: int = 1) -> set[str]:
        """Of the connections that they have had the given time."""
        return {self.sdk.connected(each.client, times)["id"] for each in subscribers}

    def present(self) -> set[str]:
        return set(self.publisher.ask("presence", topic=ROOM)["clients"])

    def kill_the_first(self) -> None:
        """And let its clients find the others, on the same address."""
        first, *others = self.services
        self.front.lead_to(*(service.port for service in others))
        first.child.kill()


@pytest.fixture(params=list(SERVERS))
def cluster(
    request: pytest.FixtureRequest,
    site: Site,
    own_redis: RedisServer,
    sdk_package: Path,
    tmp_path: Path,
) -> Iterator[Cluster]:
    own = {
        "REDIS_URL": own_redis.url,
        "PRESENCE_LEASE": str(LEASE_S),
        "PING_INTERVAL": "1",
    }
    with ExitStack() as stack:
        services = []
        for number in range(3):
            service = Service(
                site,
                tmp_path / f"service-{number}.log",
                SERVERS[request.param],
                settings=SETTINGS,
                environment=own,
            )
            stack.callback(service.stop)
            services.append(service.start())
        environment = site.environment(SETTINGS) | own
        argv = sdk_process.javascript(sdk_package)
        yield Cluster(
            services,
            stack.enter_context(Link(services[0].port)),
            stack.enter_context(Publisher(environment, tmp_path / "publisher.log")),
            stack.enter_context(SdkProcess("javascript", argv, tmp_path / "sdk.log")),
        )


@pytest.mark.promise("presence")
def test_whoever_was_connected_to_it_leaves_once_and_comes_back(cluster: Cluster) -> None:
    """A machine loses its power: no farewell, nobody who could clean up after it."""
    watchers = [
        cluster.join(f"watcher-{number}", service.port)
        for number, service in enumerate(cluster.services[1:])
    ]
    members = [cluster.join(f"c{number}", cluster.front.port) for number in range(CLIENTS)]
    for each in (*watchers, *members):
        each.wait_for("subscribed")
    staying, before = cluster.ids(watchers), cluster.ids(members)
    assert cluster.present() == staying | before
    cluster.publisher.publish(ROOM, 1)
    for each in members:
        each.wait_for_data([1])

    cluster.kill_the_first()
    cluster.publisher.publish(ROOM, 2)

    after = cluster.ids(members, times=2)
    for each in members:
        each.wait_for_data([1, 2])
        assert each.wait_for("subscribed", times=2)["recovered"]
    assert happens(lambda: cluster.present() == staying | after, LIMIT_S)
    for watcher in watchers:
        watcher.wait_for("leave", times=CLIENTS, limit_s=LIMIT_S)
    # Whoever would tell it a second time has its turn within the next lease.
    assert not happens(lambda: any(len(w.events("leave")) > CLIENTS for w in watchers), LEASE_S)
    for watcher in watchers:
        assert Counter(each["info"]["client"] for each in watcher.events("leave")) == Counter(
            before
        )
        assert after <= {each["info"]["client"] for each in watcher.events("join")}
