"""Existing sites, and browsers in front of them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from devkit.redis_server import RedisServer
from tests.adoption.site import (
    ExistingSite,
    MakeSite,
    Production,
    StartProduction,
    build,
    make_blueprint,
    nginx_or_skip,
)
from tests.e2e.conftest import browser, chromium_path, chromium_type, context  # noqa: F401


@pytest.fixture(scope="session")
def blueprint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of before, once: its migrations take a while."""
    return make_blueprint(tmp_path_factory.mktemp("blueprint"))


@pytest.fixture
def make_site(blueprint: Path, tmp_path: Path, redis_server: RedisServer) -> MakeSite:
    """``make_site(*settings, apps=…, redis_url=…)``: a site of before; settings are more lines."""

    def make(
        *settings: str, apps: Iterable[Path] = (), redis_url: str = redis_server.url
    ) -> ExistingSite:
        return build(blueprint, tmp_path, redis_url, settings, apps)

    return make


@pytest.fixture
def production(tmp_path: Path) -> Iterator[StartProduction]:
    """``production(site)``: its processes, none of them started; stopped at the test's end."""
    nginx_or_skip()
    made: list[Production] = []

    def make(site: ExistingSite) -> Production:
        folder = tmp_path / f"processes-{len(made)}"
        folder.mkdir()
        made.append(Production(site, folder))
        return made[-1]

    yield make
    for each in made:
        each.__exit__()


@pytest.fixture
def page(context: BrowserContext) -> Page:  # noqa: F811
    return context.new_page()
