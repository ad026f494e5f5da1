"""Proxies by the entry files of `deploy/`, in networks of their own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.deploy.proxies import network as networks
from tests.deploy.proxies import upstreams as real
from tests.deploy.proxies.client import IPV4, Client
from tests.deploy.proxies.entries import Edge, Entry, prepare
from tests.deploy.proxies.network import Network, have
from tests.deploy.proxies.recorder import Recorder
from tests.deploy.proxies.upstreams import REPLICAS, WEB, Names, Upstreams
from tests.live import wait_until

Proxy = tuple[Edge, Client]
Recorders = list[Recorder]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """The tests of the module are inside it from here on."""
    networks.needs()
    network = Network(tmp_path_factory.mktemp("net"))
    prepare(network)
    network.start()
    try:
        with network.inside():
            yield network
    finally:
        network.stop()


@pytest.fixture(scope="module")
def upstreams(network: Network) -> Iterator[Upstreams]:
    """The example site and two replicas, by the names and addresses of all entry files."""
    with real.running(network) as upstreams:
        yield upstreams


@pytest.fixture(scope="module")
def names(network: Network) -> Iterator[Names]:
    """Docker's DNS for modules without real upstreams."""
    with real.dns(network) as names:
        yield names


@pytest.fixture(scope="module")
def recorders(network: Network, names: Names) -> Iterator[Recorders]:
    """They have the addresses of all upstreams of all entry files."""
    for address in (WEB, *REPLICAS):
        have(address)
    sockets = network.path("run") / "django-ws-service"
    addresses = [
        *((IPV4, 8000), (IPV4, 8001), (WEB, 8000), *((replica, 8001) for replica in REPLICAS)),
        *(sockets / "web.sock", sockets / "ws.sock"),
    ]
    with ExitStack() as stack:
        names.say(web=[WEB], ws=list(REPLICAS))
        yield [stack.enter_context(Recorder(address)) for address in addresses]


# Each module says in its own `proxy` which entry files, and what is behind them.


@pytest.fixture
def edge(proxy: Proxy) -> Edge:
    return proxy[0]


@pytest.fixture
def client(proxy: Proxy) -> Client:
    return proxy[1]


@contextmanager
def serving(entry: Entry, network: Network) -> Iterator[Proxy]:
    """A proxy that accepts connections."""
    edge = Edge(entry, network, network.folder / f"{entry.name}.log")
    edge.lay_out()
    client = Client(edge)
    with edge.child:
        wait_until(lambda: client.is_let_in() or not edge.child.is_running)
        assert edge.child.is_running, edge.logs()
        yield edge, client
