"""Taking it back: at once in an emergency, and without a trace."""

import shlex
from collections.abc import Iterator

import pytest
import redis

from devkit.redis_server import RedisServer
from tests.adoption import guide
from tests.adoption.site import ExistingSite, MakeSite, StartProduction
from tests.adoption.visits import Customer, listening
from tests.live import wait_until

SCHEMA = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name")
    print(cursor.fetchall())
    cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
    print(cursor.fetchall())
"""


@pytest.fixture
def site(make_site: MakeSite, own_redis: RedisServer) -> ExistingSite:
    return make_site(redis_url=own_redis.url)


@pytest.fixture
def store(own_redis: RedisServer) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(own_redis.url, socket_timeout=10) as store:
        yield store


def files_of(site: ExistingSite) -> dict[str, bytes]:
    """What a team keeps in its repository."""
    folders = ("mysite", "orders", "accounts", "templates")
    files = [file for folder in folders for file in (site.folder / folder).rglob("*")]
    files += [*site.folder.glob("*.txt"), *site.folder.glob("*.conf"), *site.folder.glob("*.yaml")]
    return {
        str(file.relative_to(site.folder)): file.read_bytes()
        for file in files
        if file.is_file() and file.suffix != ".pyc"
    }


@pytest.mark.promise("adopt")
def test_pages_work_while_the_service_is_away_and_while_redis_is(
    site: ExistingSite, production: StartProduction, own_redis: RedisServer
) -> None:
    """Whoever adds push must not make the rest of the site depend on it."""
    site.adopt()
    running = production(site).start()
    customer = Customer(running.origin, f"sessionid={site.log_in()}")
    assert "placed" in customer.orders()

    running.ws.stop()
    assert "paid" in customer.pay(1)

    own_redis.stop()
    assert "paid" in customer.pay(1)
    (lost,) = guide.section("9. Deploy and roll back").blocks("text")
    said = lost.strip().removesuffix("…")
    wait_until(lambda: said in running.web.tail(200))

    own_redis.start()
    running.start_ws()
    cookie = f"sessionid={site.log_in()}"
    with listening(running.port, cookie, origin=running.origin) as page:
        customer.pay(1)
        assert page.hear() == {"id": 1, "state": "paid"}


@pytest.mark.promise("adopt")
def test_it_is_taken_out_without_a_trace(
    site: ExistingSite, production: StartProduction, store: redis.Redis
) -> None:
    """The steps' lines backwards give the files of before; database and Redis hold nothing."""
    before, schema = files_of(site), site.script(SCHEMA)
    store.set("the site's own", "kept")
    site.adopt()
    assert site.script(SCHEMA) == schema
    running = production(site)
    kept_names = {name: (site.folder / name).read_bytes() for name in ("nginx.conf",)}
    running.start()
    cookie = f"sessionid={site.log_in()}"
    with listening(running.port, cookie, origin=running.origin) as page:
        Customer(running.origin, cookie).pay(1)
        assert page.hear() == {"id": 1, "state": "paid"}

    for child in (running.web, running.proxy, running.ws):
        child.stop()
    for name, text in kept_names.items():
        (site.folder / name).write_bytes(text)
    for step in reversed(guide.steps()):
        site.undo(step)
    assert files_of(site) == before
    assert site.script(SCHEMA) == schema

    endless = {key.decode() for key in store.scan_iter() if store.ttl(key) == -1}
    command = guide.section("9. Deploy and roll back").command("redis-cli del")
    _, delete, *names = shlex.split(command.line)
    assert endless == {*names, "the site's own"}
    assert command.matches(f"(integer) {store.execute_command(delete, *names)}")

    running.start_web()
    assert "paid" in Customer(running.origin, f"sessionid={site.log_in()}").pay(1)
