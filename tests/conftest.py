"""Real parts for the tests: a Valkey, the example site's database, services in processes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devkit.redis_server import RedisServer
from tests.live import CHECKOUT, Service, Site

# Where tests start processes that serve.
SERVERS = ("gateway", "integration", "test_probe.py", "test_wheel.py")
# Where they do and a second Python would say nothing more: what they lean on is tested there.
ONCE = ("adoption", "bridge", "conformance", "deploy", "example", "faults")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        place = item.path.relative_to(CHECKOUT / "tests").parts[0]
        if place in SERVERS:
            item.add_marker(pytest.mark.servers)
        elif place in ONCE:
            item.add_marker(pytest.mark.once)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One Valkey for all tests that leave it running."""
    with RedisServer().start(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Valkey that the test may stop."""
    with RedisServer().start(tmp_path / "redis") as server:
        yield server


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Site:
    """The example site's data: a migrated database with the demo users."""
    database = tmp_path_factory.mktemp("site") / "site.sqlite3"
    site = Site(database_url=f"sqlite:///{database}", redis_url=redis_server.url)
    site.make_data()
    return site


@pytest.fixture
def start(site: Site, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Start services for one test: ``start(argv, …)`` as ``Service.start``; stopped afterwards."""
    services: list[Service] = []

    def start(*args: object, **kwargs: object) -> Service:
        log = tmp_path / f"service-{len(services)}.log"
        services.append(Service(site, log, *args, **kwargs))
        return services[-1].start()

    yield start
    for service in services:
        service.stop()


@pytest.fixture(scope="session")
def service(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service, by ``ws-service serve asgi:application``, for tests that leave it as it is."""
    service = Service(site, tmp_path_factory.mktemp("service") / "service.log").start()
    yield service
    service.stop()
