"""The guide's steps, taken from its text and applied to a site that runs."""

import re
import shlex
import sys

import pytest
from playwright.sync_api import Page, expect

from tests.adoption import guide
from tests.adoption.guide import Command
from tests.adoption.site import ExistingSite, MakeSite, StartProduction
from tests.adoption.visits import LIMIT_MS, log_in

DOZEN = 12
ROW = re.compile(r"^\| `(?P<file>[\w./-]+)` \| (?P<lines>\d+) \|", re.MULTILINE)


def run(site: ExistingSite, command: Command) -> str:
    """A command of the guide where manage.py is."""
    programs = {
        "python": [sys.executable],
        "ws-service": [sys.executable, "-m", "ws_service"],
    }
    program, *arguments = shlex.split(command.line)
    return site.run(*programs[program], *arguments)


def expect_output(site: ExistingSite, command: Command) -> None:
    printed = run(site, command)
    assert command.matches(printed), f"$ {command.line}\n{printed}"


def test_it_changes_a_dozen_lines_and_says_where() -> None:
    """The first thing that a team wants to know, and nobody likes to be deceived about."""
    counted: dict[str, int] = {}
    for step in guide.steps():
        for change in step.changes():
            counted[change.path] = counted.get(change.path, 0) + change.changed_lines
    text = guide.GUIDE.read_text()
    assert {row["file"]: int(row["lines"]) for row in ROW.finditer(text)} == counted
    assert sum(counted.values()) <= DOZEN
    new = sorted(path for step in guide.steps() for path in step.new_files())
    told = text.partition("Beside them there are new files: ")[2].partition(". No migration")[0]
    # The signal is another way to do step 4.
    assert sorted(re.findall(r"`([\w./-]+)`", told)) == [n for n in new if "signals" not in n]


@pytest.mark.promise("adopt")
@pytest.mark.browser
def test_the_guide_ends_with_a_page_that_receives_a_push(
    make_site: MakeSite,
    production: StartProduction,
    page: Page,
) -> None:
    """Each step on the running site: what it says is seen, and the site works in between."""
    site = make_site()
    running = production(site)
    running.start_web()
    log_in(page, running)
    state = page.locator("#order-1")

    step = iter(guide.steps())
    for _ in range(3):  # the package, the topic, the settings
        each = next(step)
        site.apply(each)
        for command in each.commands():
            expect_output(site, command)
    running.restart_web()
    page.reload()
    expect(state).to_have_text("placed", timeout=LIMIT_MS)

    publishing = next(step)
    site.apply(publishing)
    expect_output(site, publishing.command("python manage.py publish"))
    site.apply(next(step))
    running.restart_web()
    with page.expect_console_message(lambda m: "does not answer" in m.text, timeout=LIMIT_MS):
        page.reload()
    expect(state).to_have_text("placed", timeout=LIMIT_MS)
    page.get_by_role("button", name="Pay order 1").click()
    expect(state).to_have_text("paid", timeout=LIMIT_MS)

    container = next(step)
    running.start_ws()
    site.apply(container)
    for probe in container.commands():
        bind = {"WS_SERVICE_BIND": f"127.0.0.1:{running.ws_port}"}
        printed = site.run(sys.executable, *shlex.split(probe.line)[1:], environment=bind)
        assert probe.matches(printed.replace(str(running.ws_port), "8001")), printed

    proxy = next(step)
    site.apply(proxy)
    assert proxy.command("nginx -t").matches(running.check_nginx())
    running.reload_proxy()

    check = next(step)
    asked = check.command("curl")
    printed = site.run(*shlex.split(asked.line.replace("https://www.example.com", running.origin)))
    assert asked.matches(printed), printed
    page.reload()
    expect_output(site, check.command("python manage.py publish"))
    expect(state).to_have_text("paid by hand", timeout=LIMIT_MS)
    another = page.context.new_page()
    another.goto(f"{running.origin}/orders/")
    another.get_by_role("button", name="Pay order 1").click()
    expect(state).to_have_text("paid", timeout=LIMIT_MS)
