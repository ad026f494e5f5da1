"""Policies that raise, sleep, or lose their database, under 500 clients that want to subscribe."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conformance import sdk_process
from tests.conformance.conftest import SERVERS
from tests.conformance.publisher import SETTINGS, Publisher
from tests.conformance.sdk_process import SdkProcess, Subscriber
from tests.live import Service, Site, wait_until

pytestmark = pytest.mark.once

CROWD = 500
ERRORS_EACH = 2
NEWS = "open:news"
RECOVERY_LIMIT_S = 30.0
"""For a machine that is busy; `python3 dev.py bench policies` measures it."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A service whose database and whose policies' patience are the test's own."""

    service: Service
    publisher: Publisher
    crowd: SdkProcess
    others: SdkProcess
    database: Path
    flags: Path

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.service.port}/connection/websocket"

    def join(self, topic: str, tokens: list[str]) -> None:
        """Everybody of the crowd connects, and wants the topic of this kind with its number."""
        for number in range(CROWD):
            client = f"c{number}"
            token = tokens[number : number + 1]
            self.crowd.connect(client, self.url, tokens=token or None)
            self.crowd.subscribe(client, f"{topic}:{number}")

    def how_many(self, type_: str, times: int = 1) -> int:
        """Clients of the crowd to whom this has happened so often."""
        counts: dict[str, int] = {}
        for event in self.crowd.log.all():
            if event["type"] == type_:
                counts[event["client"]] = counts.get(event["client"], 0) + 1
        return sum(count >= times for count in counts.values())


@pytest.fixture(params=list(SERVERS))
def stage(
    request: pytest.FixtureRequest, site: Site, sdk_package: Path, tmp_path: Path
) -> Iterator[Stage]:
    database = tmp_path / "database" / "site.sqlite3"
    database.parent.mkdir()
    shutil.copy(site.database_url.removeprefix("sqlite:///"), database)
    own = Site(f"sqlite:///{database}", site.redis_url)
    flags = tmp_path / "flags"
    flags.mkdir()
    argv = sdk_process.javascript(sdk_package)
    with ExitStack() as stack:
        service = Service(
            own,
            tmp_path / "service.log",
            SERVERS[request.param],
            settings=SETTINGS,
            environment={"FLAGS": str(flags)},
        )
        stack.callback(service.stop)
        enter = stack.enter_context
        yield Stage(
            service.start(),
            enter(Publisher(own.environment(SETTINGS), tmp_path / "publisher.log")),
            enter(SdkProcess("crowd", argv, tmp_path / "crowd.log")),
            enter(SdkProcess("others", argv, tmp_path / "others.log")),
            database.parent,
            flags,
        )


@contextmanager
def undisturbed(stage: Stage) -> Iterator[None]:
    """Meanwhile others hear everything, and whoever comes anew gets what it wants."""
    listeners = [Subscriber(stage.others, f"old-{n}", NEWS) for n in range(5)]
    for each in listeners:
        stage.others.connect(each.client, stage.url)
        each.subscribe().wait_for("subscribed")
    number = 0
    is_over = threading.Event()

    def publish() -> None:
        nonlocal number
        while not is_over.wait(0.05):
            number += 1
            stage.publisher.publish(NEWS, number)

    publishing = threading.Thread(target=publish)
    publishing.start()
    try:
        yield
    finally:
        is_over.set()
        publishing.join()
    for each in listeners:
        each.wait_for_data(list(range(1, number + 1)))
        assert len(stage.others.log.of(each.client, None, "connecting")) == 1


def newcomer(stage: Stage, topic: str) -> None:
    """Somebody comes in the middle of it, and is subscribed at the first attempt."""
    client = f"new to {topic}"
    stage.others.connect(client, stage.url)
    subscriber = stage.others.subscribe(client, topic)
    subscriber.wait_for("subscribed")
    assert subscriber.events("error") == []


def nobody_is_lost(stage: Stage) -> None:
    wait_until(lambda: stage.how_many("subscribed") == CROWD, RECOVERY_LIMIT_S)
    assert stage.how_many("unsubscribed") == 0
    assert stage.how_many("disconnected") == 0


def log_is_short(stage: Stage) -> None:
    """A thousand failures are a few lines."""
    log = stage.service.child.log.read_text()
    assert log.count("Traceback") <= 2
    assert len(log.splitlines()) < 300


@pytest.mark.promise("temporary-error")
def test_while_policies_raise_others_are_undisturbed(stage: Stage) -> None:
    """A bug that came with the last deployment, and is taken back."""
    with undisturbed(stage):
        for number in range(CROWD):
            stage.crowd.connect(f"c{number}", stage.url)
            stage.crowd.subscribe(f"c{number}", "flaky:up")
        wait_until(lambda: stage.how_many("error", ERRORS_EACH) == CROWD)
        newcomer(stage, "open:a")
        newcomer(stage, "orm:a")
        assert stage.how_many("subscribed") == 0
        (stage.flags / "up").touch()
        nobody_is_lost(stage)
    log_is_short(stage)


@pytest.mark.promise("temporary-error")
def test_while_policies_sleep_others_are_undisturbed(stage: Stage) -> None:
    """They ask a service that hangs; other topics ask the database, or nobody."""
    with undisturbed(stage):
        stage.join("sleepy", [])
        wait_until(lambda: stage.how_many("error") > CROWD // 2)
        newcomer(stage, "open:a")
        newcomer(stage, "orm:a")
        (stage.flags / "awake").touch()
        nobody_is_lost(stage)
    log_is_short(stage)


@pytest.mark.promise("temporary-error")
def test_while_the_database_is_gone_others_are_undisturbed(stage: Stage) -> None:
    """A fail-over at noon: everybody comes back by itself, those with a token too."""
    tokens = [stage.publisher.token("Ada") for _ in range(50)]
    with undisturbed(stage):
        with gone(stage.database):
            stage.join("orm", tokens)
            wait_until(lambda: stage.how_many("error", ERRORS_EACH) == CROWD)
            newcomer(stage, "open:a")
            assert stage.how_many("subscribed") == 0
        nobody_is_lost(stage)
    log_is_short(stage)


@contextmanager
def gone(folder: Path) -> Iterator[None]:
    """Whoever opens the database finds nothing to open."""
    elsewhere = folder.with_name("elsewhere")
    folder.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(folder)
