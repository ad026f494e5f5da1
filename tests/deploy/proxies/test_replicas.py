"""Replicas that die, vanish and are made anew, behind the proxies of compose.

No test measures a time: one that waited for the kernel to give an address up (two minutes) would
end at the clients' own limit of ten seconds.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from tests.conformance.sdk_process import SdkProcess
from tests.deploy.proxies.client import Client
from tests.deploy.proxies.conftest import Proxy, serving
from tests.deploy.proxies.entries import IN_COMPOSE, Edge
from tests.deploy.proxies.network import Network, have, lose
from tests.deploy.proxies.upstreams import NEW_ADDRESS, REPLICAS, WEB, Upstreams
from tests.live import wait_until

# nginx chooses at random. So many connections miss a lost replica once in 256 times, which only
# makes a test say nothing that once;
CONNECTIONS = 8
# and where a test needs somebody on either replica, so many don't bring that once in a million.
MANY = 21


@pytest.fixture(scope="module", params=IN_COMPOSE, ids=lambda entry: entry.name)
def proxy(
    request: pytest.FixtureRequest, network: Network, upstreams: Upstreams
) -> Iterator[Proxy]:
    with serving(request.param, network) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: Proxy, upstreams: Upstreams) -> Client:
    """Somebody who has just come to both replicas."""
    client = proxy[1]
    wait_until(lambda: both_answer(client))
    return client


def both_answer(client: Client) -> bool:
    """Whether connections come to either replica, before there are too many of them."""
    seen = set()
    try:
        for _ in range(MANY):
            seen.add(client.node())
            if len(seen) == len(REPLICAS):
                return True
    except InvalidStatus:
        pass
    return False


def test_connections_that_stay_are_shared_out(client: Client) -> None:
    """Two replicas of which one has all the WebSockets are one."""
    with ExitStack() as stack:
        opened = (stack.enter_context(client.connect("/ws/health/")) for _ in range(MANY))
        nodes = {connection.health()["node"] for connection in list(opened)}
    assert len(nodes) == len(REPLICAS)


@pytest.mark.promise("proxy-replicas")
def test_a_killed_replica_is_passed_over(client: Client, upstreams: Upstreams) -> None:
    """Its name is known for a while after it has died; nobody may notice but those it had."""
    second = upstreams.replicas[1]
    second.child.kill()
    try:
        assert len({client.node() for _ in range(CONNECTIONS)}) == 1
    finally:
        second.start()


@pytest.mark.promise("proxy-replicas")
def test_a_vanished_host_costs_a_connect_time_out_and_no_more(
    client: Client, upstreams: Upstreams
) -> None:
    """An address that answers nothing is worse than one that refuses: somebody has to give up."""
    lose(REPLICAS[1])
    try:
        assert len({client.node() for _ in range(CONNECTIONS)}) == 1
    finally:
        have(REPLICAS[1])


def test_without_any_replica_there_is_an_answer_and_afterwards_a_connection(
    client: Client, upstreams: Upstreams
) -> None:
    """Clients try again; a handshake that hangs would keep them from it."""
    for address in REPLICAS:
        lose(address)
    try:
        with pytest.raises(InvalidStatus) as refused:
            client.connect("/ws/health/")
        assert refused.value.response.status_code in (502, 503, 504)
    finally:
        for address in REPLICAS:
            have(address)
    wait_until(lambda: both_answer(client))


@pytest.mark.promise("proxy-replicas")
def test_a_replica_that_is_made_anew_is_found_at_its_new_address(
    client: Client, upstreams: Upstreams
) -> None:
    """A proxy that looks a name up once serves an address that belongs to nobody, or to another."""
    upstreams.names.say(ws=[NEW_ADDRESS])
    for address in REPLICAS:
        lose(address)
    try:
        wait_until(lambda: answers(client))
        with client.connect("/ws/health/"):
            pass
    finally:
        for address in REPLICAS:
            have(address)
        upstreams.names.say(ws=list(REPLICAS))


def test_the_site_is_found_at_its_new_address(client: Client, upstreams: Upstreams) -> None:
    """The site's container is replaced by every release."""
    upstreams.names.say(web=[])
    try:
        wait_until(lambda: client.get("/").status in (502, 503))
        # The WebSockets go on meanwhile.
        client.node()
    finally:
        upstreams.names.say(web=[WEB])
    wait_until(lambda: client.get("/").status == 200)


def answers(client: Client) -> bool:
    try:
        client.node()
    except InvalidStatus:
        return False
    return True


def test_the_gateway_is_found_below_its_prefix(client: Client, upstreams: Upstreams) -> None:
    """Without the container it is a 502 and nothing else is disturbed; with it, the same paths."""
    with pytest.raises(InvalidStatus) as refused:
        client.connect("/gateway/connection/websocket")
    assert refused.value.response.status_code in (502, 503)
    upstreams.names.say(gateway=[REPLICAS[0]])
    wait_until(lambda: client.get("/gateway/ws/health/").status == 426)
    with client.connect("/gateway/ws/health/") as connection:
        assert connection.health()["status"] == "ready"
    del upstreams.names.known["gateway"]
    upstreams.names.say()


def test_a_client_of_a_killed_replica_is_elsewhere_and_has_missed_nothing(
    client: Client, edge: Edge, upstreams: Upstreams, tmp_path: Path
) -> None:
    """Through the proxy too, recovery is what the service promises."""
    second = upstreams.replicas[1]
    topic = f"counter:{IN_COMPOSE.index(edge.entry) + 2000}"
    with SdkProcess("python", edge.sdk_argv(), tmp_path / "sdk.log") as sdk:
        names = [f"client-{number}" for number in range(MANY)]
        for name in names:
            sdk.connect(name, client.url("/connection/websocket"), Origin=client.entry.origin)
            sdk.connected(name)
        subscribers = [sdk.subscribe(name, topic) for name in names]
        for subscriber in subscribers:
            subscriber.wait_for("subscribed")
        second.child.kill()
        try:
            upstreams.publish(topic, 1)
            for subscriber in subscribers:
                subscriber.wait_for_data([1])
        finally:
            second.start()
        upstreams.publish(topic, 2)
        for subscriber in subscribers:
            subscriber.wait_for_data([1, 2])
        moved = [name for name in names if len(sdk.log.of(name, None, "connected")) > 1]
        assert moved, "nobody was on the replica that was killed"
