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
# Fifty steps a second, on average: what a busy machine holds up is caught up with. Only the
# topic is told: a group_send() from synchronous code costs more than all the rest.
STEPS = """
import signal, threading, time
import django
django.setup()
from example.counter.models import Counter
from example.counter.steps import make_step
from ws_service import publish, topic_name

stopping = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopping.set())
counter, due_at = Counter.first(), time.monotonic()
while not stopping.wait(max(0, due_at - time.monotonic())):
    make_step(counter)
    publish(topic_name("counter", number=counter.pk), {"n": counter.n}, on_commit=False)
    due_at += 0.02
"""


def number_in_database(site: Site) -> int:
    """The counter as it is now; 0 before its first step."""
    path = site.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
        row = database.execute("SELECT n FROM counter_counter WHERE id = 1").fetchone()
    return row[0] if row else 0


@pytest.fixture
def stepping(site: Site, tmp_path: Path) -> Iterator[Child]:
    """A process of the site that publishes all the time."""
    argv, log = [sys.executable, "-c", STEPS], tmp_path / "steps.log"
    with Child("steps", argv, env=site.environment(), cwd=CHECKOUT, log=log) as child:
        wait_until(lambda: number_in_database(site) > 0)
        yield child


def test_two_hundred_pages_agree_with_the_database(
    live_site: GunicornSite, site: Site, stepping: Child, context: BrowserContext
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

    assert stepping.stop() == 0, stepping.tail()
    last = number_in_database(site)
    wait_for(page, f"right.last === {last}")
    assert side(page, "right").is_whole

    # There was something to fall in: steps were made between the rendering and the listening.
    assert sum(load.recovered for load in loads) >= LOADS
    assert sum(load.arrived for load in loads) > sum(load.recovered for load in loads)
    assert last - first >= 5 * LOADS
