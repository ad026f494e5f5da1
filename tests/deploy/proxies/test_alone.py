"""Proxies before there is anything behind them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deploy.proxies.conftest import Proxy, serving
from tests.deploy.proxies.entries import ENTRIES
from tests.deploy.proxies.network import Network
from tests.deploy.proxies.upstreams import Names
from tests.live import wait_until


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
