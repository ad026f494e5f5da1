"""Tasks that publish: in forked worker processes, and from a parent that has published already."""

import re
import sys

import pytest

from devkit.child import Child
from devkit.redis_server import RedisServer
from tests.adoption import guide
from tests.adoption.site import ExistingSite, MakeSite, StartProduction
from tests.adoption.visits import listening
from tests.live import wait_until

POOL = 4
TASKS = 60
# What a site with Celery has. The parent publishes before it forks: its connection is open then.
CELERY = """
import os
from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
app = Celery("mysite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def greet(**kwargs):
    from ws_service import publish
    publish("orders:1", {"from": "the parent"}, on_commit=False)
"""
SETTINGS = (
    # Writers of SQLite take turns instead of failing.
    "DATABASES['default']['OPTIONS'] = {'timeout': 20, 'transaction_mode': 'IMMEDIATE'}",
    "CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True",
)


@pytest.fixture
def celery_site(make_site: MakeSite, redis_server: RedisServer) -> ExistingSite:
    broker = f"CELERY_BROKER_URL = 'redis://127.0.0.1:{redis_server.port}/2'"
    site = make_site(broker, *SETTINGS)
    site.write("mysite/celery.py", CELERY)
    site.write("mysite/__init__.py", "from mysite.celery import app as celery_app\n")
    return site


@pytest.mark.promise("adopt")
def test_prefork_workers_publish_each_task_once(
    celery_site: ExistingSite, production: StartProduction
) -> None:
    """A Redis connection that two processes share would mix up their answers."""
    site, running = celery_site, production(celery_site)
    site.script(
        "from accounts.models import User\n"
        "ada = User.objects.get(email='ada@example.org')\n"
        f"for _ in range({TASKS} - 1): ada.orders.create()\n"
    )
    site.adopt()
    site.apply(guide.section("Celery"))
    running.start_ws()
    with listening(running.ws_port, f"sessionid={site.log_in()}") as page:
        argv = (
            "-m",
            "celery",
            "-A",
            "mysite",
            "worker",
            f"--concurrency={POOL}",
            "--loglevel=INFO",
        )
        worker = running.beside("celery", sys.executable, *argv)
        assert page.hear() == {"from": "the parent"}
        wait_until(lambda: "ready." in worker.tail() or has_ended(worker))
        site.script(
            f"from orders.tasks import send\nfor pk in range(1, {TASKS} + 1): send.delay(pk)\n"
        )
        heard = [page.hear() for _ in range(TASKS)]
    assert sorted(each["id"] for each in heard) == list(range(1, TASKS + 1))
    assert {each["state"] for each in heard} == {"sent"}
    used = set(re.findall(r"ForkPoolWorker-\d+\] Task orders.tasks.send", worker.log.read_text()))
    assert len(used) > 1, "one process did it all"


def test_the_sites_own_suite_runs_its_tasks_without_redis(celery_site: ExistingSite) -> None:
    """Eager tasks in a TestCase: what they publish is caught, as the guide shows."""
    celery_site.redis_url = "redis://127.0.0.1:1/0"  # nobody listens there
    celery_site.adopt()
    celery_site.apply(guide.section("Celery"))
    celery_site.add_to_settings("CELERY_TASK_ALWAYS_EAGER = True")
    assert "OK" in celery_site.manage("test", "orders")


def has_ended(child: Child) -> bool:
    assert child.is_running, child.tail(60)
    return False
