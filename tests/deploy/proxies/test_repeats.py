"""What breaks behind a proxy is not sent again and again."""

from collections.abc import Iterator
from http.client import HTTPException

import pytest

from tests.deploy.proxies.conftest import Proxy, Recorders, serving
from tests.deploy.proxies.entries import ENTRIES
from tests.deploy.proxies.network import Network


@pytest.fixture(scope="module", params=ENTRIES, ids=lambda entry: entry.name)
def proxy(
    request: pytest.FixtureRequest, network: Network, recorders: Recorders
) -> Iterator[Proxy]:
    with serving(request.param, network) as proxy:
        yield proxy


@pytest.mark.parametrize(
    ("path", "most"),
    # A handshake may be tried with the other replica: once.
    [("/crash/", 1), ("/ws/crash/", 2)],
)
def test_a_request_that_kills_a_worker_kills_no_more(
    proxy: Proxy, recorders: Recorders, path: str, most: int
) -> None:
    """The site starts a new one: a page that nobody can open, and not an outage for everybody."""
    edge, client = proxy
    path = f"{path}{edge.entry.name}"
    try:
        assert client.get(path).status == 502
    except HTTPException as error:
        pytest.fail(f"the proxy broke off: {error}")
    arrived = [seen for recorder in recorders for seen in recorder.crashes if seen == path]
    assert 1 <= len(arrived) <= most


def test_a_redirect_of_the_proxy_itself_names_no_port(proxy: Proxy) -> None:
    """It listens on another port than the one that is published."""
    edge, client = proxy
    (edge.network.path("srv") / "static" / "folder").mkdir(parents=True, exist_ok=True)
    answer = client.get("/static/folder")
    assert answer.status in (301, 308, 404)
    assert ":" not in answer.headers.get("Location", "")
