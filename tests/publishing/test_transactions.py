"""publish() and the site's transactions; a saved request stays a success."""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils import timezone

from devkit.redis_server import RedisServer
from tests.publishing.conftest import Connect
from tests.publishing.store import Store
from ws_service import disconnect_user, get_history, position, publish, publish_many
from ws_service.conf import InvalidSettings
from ws_service.errors import BrokerUnavailable
from ws_service.metrics import counters
from ws_service.publishing import broker
from ws_service.signals import publish_failed

FAILURES = "ws_service_publish_failures_total"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told() -> Iterator[list[tuple[str, Exception]]]:
    """What the signal said."""
    heard: list[tuple[str, Exception]] = []

    def hear(sender: object, topic: str, error: Exception, **kwargs: object) -> None:
        heard.append((topic, error))

    publish_failed.connect(hear)
    yield heard
    publish_failed.disconnect(hear)


def test_outside_a_transaction_it_is_published_at_once(store: Store) -> None:
    """Scripts and tasks in autocommit mode."""
    assert publish("orders:1", "a") is None
    assert store.data("orders:1") == ["a"]


def test_it_is_published_after_the_commit_in_the_order_of_the_calls(store: Store) -> None:
    """A client that reloads on the news must find what it is about."""
    with transaction.atomic():
        for n in range(5):
            publish(["orders:1", "orders:2"], n)
        assert store.payloads("orders:1") == []
    assert store.data("orders:1") == store.data("orders:2") == list(range(5))


@pytest.mark.promise("on-commit")
def test_what_is_rolled_back_is_never_seen(store: Store) -> None:
    """It has never happened."""
    with suppress(LookupError), transaction.atomic():
        publish("orders:1", "never")
        raise LookupError
    with transaction.atomic():
        publish("orders:1", "kept")
        with suppress(LookupError), transaction.atomic():
            publish("orders:1", "never")
            raise LookupError
    assert store.data("orders:1") == ["kept"]
    assert store.metadata("orders:1")["offset"] == "1"


def test_on_commit_false_does_not_wait_for_the_transaction(store: Store) -> None:
    """For news that are true whatever becomes of the transaction."""
    with suppress(LookupError), transaction.atomic():
        publish("orders:1", "progress", on_commit=False)
        raise LookupError
    assert store.data("orders:1") == ["progress"]


def test_a_site_without_a_database_publishes_at_once(store: Store, settings: Any) -> None:
    """A script that has nothing to commit."""
    dummy = connections.create_connection("default")
    dummy.settings_dict = {**dummy.settings_dict, "ENGINE": "django.db.backends.dummy"}
    connections["nothing"] = dummy
    try:
        publish("orders:1", "a", using="nothing")
    finally:
        del connections["nothing"]
    assert store.data("orders:1") == ["a"]


def save_and_publish(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        saved = Session.objects.create(session_key="ada", expire_date=timezone.now())
        publish("orders:1", {"saved": saved.pk})
    return HttpResponse("saved")


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Client:
    """A site whose view saves and publishes."""
    urls = ModuleType("publishing_urls")
    vars(urls)["urlpatterns"] = [path("save/", save_and_publish)]
    monkeypatch.setitem(sys.modules, "publishing_urls", urls)
    settings.ROOT_URLCONF = "publishing_urls"
    settings.MIDDLEWARE = []
    settings.ALLOWED_HOSTS = ["testserver"]
    return Client()


@pytest.mark.promise("publish-failure")
def test_redis_down_during_a_save_does_not_fail_the_request(
    connect: Connect,
    own_redis: RedisServer,
    page: Client,
    told: list[tuple[str, Exception]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What the user saved is saved; somebody is told that nobody was told."""
    store = connect(own_redis, PUBLISH_TIMEOUT=0.5)
    before = counters().get(FAILURES, 0)
    own_redis.stop()
    response = page.post("/save/")
    assert (response.status_code, response.content) == (200, b"saved")
    assert Session.objects.filter(session_key="ada").exists()
    assert counters()[FAILURES] == before + 1
    ((topic, error),) = told
    assert topic == "orders:1"
    assert isinstance(error, BrokerUnavailable)
    (record,) = [record for record in caplog.records if record.name.startswith("ws_service")]
    assert record.levelno == logging.ERROR
    assert "'orders:1' was lost" in record.getMessage()
    assert record.exc_info is None
    own_redis.start()
    publish("orders:1", "again")
    assert store.data("orders:1") == ["again"]


class Broken:
    """A publisher that fails in a way that nobody has thought of."""

    def send(self, publications: object) -> list[Any]:
        raise TypeError("unexpected keyword")


@pytest.mark.promise("publish-failure")
def test_whatever_a_publication_meets_after_the_commit_is_its_own_matter(
    store: Store, told: list[tuple[str, Exception]], caplog: pytest.LogCaptureFixture
) -> None:
    """An e-mail that the site sends after the same commit must be sent."""
    ran: list[str] = []
    before = counters().get(FAILURES, 0)
    with broker.use_publisher(Broken()), transaction.atomic():  # type: ignore[arg-type]
        transaction.on_commit(lambda: ran.append("before"))
        publish("orders:1", 1)
        transaction.on_commit(lambda: ran.append("after"))
    assert ran == ["before", "after"]
    ((topic, error),) = told
    assert (topic, type(error)) == ("orders:1", TypeError)
    assert counters()[FAILURES] == before + 1
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert record.exc_info, "a bug of this package's, or of its settings"
    with broker.use_publisher(Broken()):  # type: ignore[arg-type]
        publish("orders:1", 1)  # no transaction is open: what has been saved before is saved


def test_django_can_name_what_waits_for_the_commit(store: Store) -> None:
    """Its report of a callback that failed asks for the name, and must not fail by that itself."""
    with transaction.atomic():
        publish("orders:1", 1)
        ((_, callback, *_),) = connections["default"].run_on_commit
        assert "publish" in f"{callback.__module__}.{callback.__qualname__}"


@pytest.mark.parametrize("url", ["redis://redis:6379/0?foo=1", "redis://:hunter2#@redis/0"])
def test_settings_that_are_wrong_are_said_at_the_call(
    store: Store, settings: Any, url: str
) -> None:
    """Not in the middle of the commit, where the rest of the site's callbacks would be lost."""
    settings.WS_SERVICE = settings.WS_SERVICE | {"REDIS_URL": url}
    ran: list[str] = []
    with transaction.atomic():
        transaction.on_commit(lambda: ran.append("before"))
        for call in (
            lambda: publish("orders:1", 1),
            lambda: publish("orders:1", 1, on_commit=False),
            lambda: publish_many([("orders:1", 1)]),
            lambda: position("orders:1"),
            lambda: get_history("orders:1"),
            lambda: disconnect_user(1),
        ):
            with pytest.raises(InvalidSettings, match="REDIS_URL") as refused:
                call()
            assert "hunter2" not in str(refused.value)
        transaction.on_commit(lambda: ran.append("after"))
    assert ran == ["before", "after"]


def test_a_receiver_that_raises_is_logged_and_stops_nobody(
    connect: Connect,
    own_redis: RedisServer,
    told: list[tuple[str, Exception]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An alarm that fails must not fail the request either."""
    connect(own_redis, PUBLISH_TIMEOUT=0.5)
    own_redis.stop()

    def fail(**kwargs: object) -> None:
        raise LookupError("the alarm is broken")

    publish_failed.connect(fail)
    try:
        publish(["orders:1", "orders:2"], 1)
    finally:
        publish_failed.disconnect(fail)
    assert [topic for topic, _ in told] == ["orders:1", "orders:2"]
    assert "the alarm is broken" in caplog.text


def test_on_commit_false_raises_when_redis_is_down(
    connect: Connect, own_redis: RedisServer, told: list[tuple[str, Exception]]
) -> None:
    """Whoever wants the position must know that there is none."""
    connect(own_redis, PUBLISH_TIMEOUT=0.5)
    own_redis.stop()
    with pytest.raises(BrokerUnavailable):
        publish("orders:1", 1, on_commit=False)
    assert told == []


def test_a_redis_that_hangs_is_given_up(connect: Connect, own_redis: RedisServer) -> None:
    """The request must end; what was sent before the hang may still be published, once."""
    store = connect(own_redis, PUBLISH_TIMEOUT=0.3)
    first = publish("orders:1", "before", on_commit=False)
    os.kill(own_redis.pid, signal.SIGSTOP)
    try:
        with pytest.raises(BrokerUnavailable):
            publish("orders:1", "hanging", on_commit=False)
        assert publish("orders:1", "hanging too") is None
    finally:
        os.kill(own_redis.pid, signal.SIGCONT)
    last = publish("orders:1", "after", on_commit=False)
    assert last.epoch == first.epoch
    data = store.data("orders:1")
    assert data[0] == "before"
    assert data[-1] == "after"
    assert len(data) == len(set(data))


def test_no_address_and_no_password_is_in_what_is_told(
    connect: Connect, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Logs and error pages are read by many."""
    connect(
        own_redis,
        PUBLISH_TIMEOUT=0.5,
        REDIS_URL=f"redis://user:s3cret@127.0.0.1:{own_redis.port}/0",
    )
    publish("orders:1", 1)
    own_redis.stop()
    publish("orders:1", 2)
    with pytest.raises(BrokerUnavailable) as unavailable:
        publish("orders:1", 3, on_commit=False)
    for text in (caplog.text, str(unavailable.value)):
        assert "s3cret" not in text
        assert str(own_redis.port) not in text
