"""Proxies with nothing behind them, and how they end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deploy.proxies.client import IPV4
from tests.deploy.proxies.conftest import Proxy, serving
from tests.deploy.proxies.entries import CADDY_COMPOSE, CADDY_COMPOSE_NAMED, ENTRIES, Entry
from tests.deploy.proxies.network import Network
from tests.deploy.proxies.recorder import Recorder
from tests.deploy.proxies.upstreams import Names
from tests.live import wait_until

END_LIMIT_S = 60


@pytest.fixture(params=ENTRIES, ids=lambda entry: entry.name)
def proxy(request: pytest.FixtureRequest, network: Network, names: Names) -> Iterator[Proxy]:
    with serving(request.param, network) as proxy:
        yield proxy


@pytest.mark.promise("proxy-logs")
def test_it_starts_first_and_its_errors_have_no_query_string_of_a_websocket(proxy: Proxy) -> None:
    """The order of a start is nobody's business; and error logs tend to have the whole request."""
    edge, client = proxy
    with ThreadPoolExecutor() as pool:  # Caddy tries for 3 s before it gives up
        answers = list(pool.map(client.get, ["/connection/websocket?token=t0ken", "/"]))
    assert {answer.status for answer in answers} <= {502, 503}
    wait_until(lambda: "/connection/websocket" in edge.logs())
    wait_until(lambda: '"GET / ' in edge.logs() or '"uri":"/"' in edge.logs())
    assert "t0ken" not in edge.logs()


@pytest.mark.parametrize("entry", [CADDY_COMPOSE, CADDY_COMPOSE_NAMED], ids=lambda each: each.name)
def test_caddy_says_in_its_container_that_it_is_healthy_whatever_its_name_is(
    network: Network, names: Names, entry: Entry
) -> None:
    """A check that asked for `localhost` would fail for ever on a site with a name of its own."""
    with serving(entry, network) as (_, client):
        assert client.plain_get(8081, "/health").status == 200
        assert client.get("/", {"Host": "elsewhere.example"}).status == 421


def test_caddy_ends_in_time_though_a_client_has_not_finished(
    network: Network, names: Names
) -> None:
    """It would wait for ever, and Docker kills after 10 s, with everybody else's requests."""
    names.say(web=[IPV4])
    with (
        Recorder((IPV4, 8000)),
        serving(CADDY_COMPOSE, network) as (edge, client),
        client.begin_to_post("/"),
    ):
        wait_until(lambda: client.get("/").status == 200)
        edge.child.interrupt()
        assert edge.child.wait(END_LIMIT_S) == 0, edge.logs()
