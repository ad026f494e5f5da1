"""Between a page that was rendered and the page that listens: nothing falls in."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from devkit.child import Child
from tests.e2e.gunicorn_site import GunicornSite
from tests.e2e.test_front_page import Side, side, wait_for
from tests.live import CHECKOUT, Site, wait_until

pytestmark = pytest.mark.browser

LOADS = 200
PERIOD_S = 0.02


def number_in_database(site: Site) -> int:
    """The counter as it is now; 0 before its first step."""
    path = site.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
        row = database.execute("SELECT n FROM counter_counter WHERE id = 1").fetchone()
    return row[0] if row else 0


@pytest.fixture
def ticking(site: Site, tmp_path: Path) -> Iterator[Child]:
    """Fifty publications a second, from a process of the site."""
    argv = [sys.executable, "-m", "example.manage", "tick", f"--period={PERIOD_S}"]
    log = tmp_path / "tick.log"
    with Child("tick", argv, env=site.environment(), cwd=CHECKOUT, log=log) as child:
        wait_until(lambda: number_in_database(site) > 0)
        yield child


def test_two_hundred_pages_agree_with_the_database(
    live_site: GunicornSite, site: Site, ticking: Child, context: BrowserContext
) -> None:
    """Each page's number, carried on by what it received, is the database's: no gap, no repeat."""
    page = context.new_page()
    loads: list[Side] = []
    first = number_in_database(site)
    for _ in range(LOADS):
        page.goto(live_site.url("/"))
        in_database = number_in_database(site)
        wait_for(page, f"right.last >= {in_database}")
        loads.append(side(page, "right"))
        assert loads[-1].is_whole, loads[-1]

    assert ticking.stop() == 0, ticking.tail()
    last = number_in_database(site)
    wait_for(page, f"right.last === {last}")
    assert side(page, "right").is_whole

    # There was something to fall in: steps were made between the rendering and the listening.
    assert sum(load.recovered for load in loads) >= LOADS
    assert sum(load.arrived for load in loads) > sum(load.recovered for load in loads)
    assert last - first >= LOADS
