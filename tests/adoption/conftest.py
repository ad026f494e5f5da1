"""Existing sites, and browsers in front of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from devkit.redis_server import RedisServer
from tests.adoption.site import ExistingSite, Production, make_existing_site, nginx_or_skip
from tests.e2e.conftest import browser, chromium_path, chromium_type, context  # noqa: F401


@pytest.fixture
def existing_site(tmp_path: Path, redis_server: RedisServer) -> ExistingSite:
    """The site of before."""
    return make_existing_site(tmp_path, redis_server.url)


@pytest.fixture
def production(tmp_path: Path) -> Iterator[Callable[[ExistingSite], Production]]:
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
