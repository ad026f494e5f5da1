"""What one more container costs a site: memory, processor, connections to the database and Redis.

One replica of ``ws-service serve``, a site with users and sessions in PostgreSQL, and clients who
are logged in, all of whom connect at once and subscribe to a topic whose policy asks the database.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from typing import Any, Final

import psycopg
import redis
from websockets.asyncio.client import connect

from benchmarks import arena, contestant, placement, report
from benchmarks.arena import Server
from benchmarks.postgres import NAME, OBSERVER, NoPostgres, Postgres
from benchmarks.report import Findings
from devkit import checkout
from ws_service.chunks import in_chunks

SETTINGS: Final = "benchmarks.cost_site.settings"
AGES_S: Final = (0, 600)
IDLE_S: Final = 20.0
PINGED_S: Final = 50.0
"""Each connection is pinged twice meanwhile."""
SETTLE_S: Final = 3.0
SAMPLE_S: Final = 0.01
ANSWER_LIMIT_S: Final = 30.0
TOPICS: Final = 1_000
PUBLICATIONS: Final = 100
DATA: Final = {"id": 42, "state": "paid", "note": "x" * 90}  # 128 bytes of JSON
# In a process of its own: a site's worker, before and after.
MEMORY: Final = """
import django, psutil
django.setup()
from django.contrib.auth import get_user_model
from django.db import connection
get_user_model().objects.count()
{push}
print(psutil.Process().memory_info().rss)
"""
PUSH: Final = "from ws_service import publish; publish('orders:1', {}, on_commit=False)"
PEOPLE: Final = """
import json, sys
import django
django.setup()
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
call_command("migrate", verbosity=0)
users = get_user_model().objects
sessions = []
for number in range(int(sys.argv[1])):
    user = users.create(username=f"user{number}")
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    sessions.append((user.pk, store.session_key))
print(json.dumps(sessions))
"""

Row = Mapping[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Measure, show, write down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--calls", type=int, default=2_000, help="of publish() and position()")
    options = parser.parse_args(arguments)
    placement.take_load_core()
    redis_server = arena.own_redis()
    try:
        with Postgres(arena.LOGS / "postgres.log") as database:
            os.environ.update(
                DJANGO_SETTINGS_MODULE=SETTINGS,
                REDIS_URL=redis_server.url,
                DATABASE_PORT=str(database.port),
            )
            people = json.loads(_python(PEOPLE, str(options.clients)))
            rows, invalid = asyncio.run(_replicas(database, redis_server, people))
            rows += _web(options.calls)
            with redis.Redis.from_url(redis_server.url, socket_timeout=10) as store:
                rows += _redis_memory(store)
    except NoPostgres as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        redis_server.stop()
    return report.finish(Findings("cost", vars(options), rows, (), invalid))


def _row(what: str, figure: float, unit: str) -> Row:
    return {"what": what, "figure": float(figure), "unit": unit}


# --- The second container ----------------------------------------------------------------


async def _replicas(
    database: Postgres, redis_server: Any, people: Sequence[tuple[int, str]]
) -> tuple[list[Row], list[str]]:
    """One replica for each CONN_MAX_AGE."""
    rows: list[Row] = []
    invalid: list[str] = []
    for age_s in AGES_S:
        print(f"  a replica with CONN_MAX_AGE={age_s} …", flush=True)
        environment = {
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "DATABASE_PORT": str(database.port),
            "CONN_MAX_AGE": str(age_s),
        }
        own = replace(contestant.DAPHNE, environment=environment)
        with redis.Redis.from_url(redis_server.url, socket_timeout=10) as store:
            strangers = len(store.client_list())
            async with arena.serving(own, redis_server) as server:
                found = await _replica(server, database, people)
                found["Redis connections"] = (len(store.client_list()) - strangers, "")
        name = f"CONN_MAX_AGE={age_s}: "
        if found.pop("subscribed")[0] != len(people):
            invalid.append(f"{name}not everybody was subscribed")
        rows += [_row(name + what, *figure) for what, figure in found.items()]
    return rows, invalid


async def _replica(
    server: Server, database: Postgres, people: Sequence[tuple[int, str]]
) -> dict[str, tuple[float, str]]:
    found: dict[str, tuple[float, str]] = {}
    number = len(people)
    with _watching(database) as seen, database.connect() as asking:
        await asyncio.sleep(SETTLE_S)
        found["database connections before anybody came"] = (max(seen), "")
        found["memory, nobody there"] = (server.memory_bytes / 2**20, "MiB")
        found["processor, nobody there"] = (await _busy(server, IDLE_S) * 100, "% of a core")
        # Whatever the first connection starts is no cost of the others.
        async with AsyncExitStack() as stack:
            await _join(stack, server.port, *people[0])
            await asyncio.sleep(SETTLE_S)
            empty, opened_before = server.memory_bytes, _opened(asking)
            seen.clear()
            started_s = time.monotonic()
            joined = await asyncio.gather(
                *(_join(stack, server.port, *each) for each in people[1:])
            )
            found["subscribed"] = (1 + sum(joined), "")
            found[f"until {number} were there"] = (time.monotonic() - started_s, "s")
            found["database connections at most"] = (max(seen), "")
            await asyncio.sleep(SETTLE_S)
            found[f"database connections opened for {number}"] = (
                _opened(asking) - opened_before,
                "",
            )
            found["database connections afterwards"] = (seen[-1], "")
            kib = (server.memory_bytes - empty) / 1024 / (number - 1)
            found["memory, each connection with its topic"] = (kib, "KiB")
            found[f"processor, {number} idle"] = (
                await _busy(server, PINGED_S) * 100,
                "% of a core",
            )
    return found


async def _join(stack: AsyncExitStack, port: int, pk: int, session_key: str) -> bool:
    """Connect with a cookie, subscribe to one's own topic; whether that was allowed."""
    socket = await stack.enter_async_context(
        connect(
            f"ws://127.0.0.1:{port}/connection/websocket",
            origin=f"http://127.0.0.1:{port}",
            additional_headers={"Cookie": f"sessionid={session_key}"},
            open_timeout=ANSWER_LIMIT_S,
            proxy=None,
        )
    )
    await socket.send('{"id": 1, "connect": {}}')
    await asyncio.wait_for(socket.recv(), ANSWER_LIMIT_S)
    await socket.send(json.dumps({"id": 2, "subscribe": {"channel": f"orders:{pk}"}}))
    answer = json.loads(await asyncio.wait_for(socket.recv(), ANSWER_LIMIT_S))
    return "subscribe" in answer


async def _busy(server: Server, for_s: float) -> float:
    """The share of a core."""
    cpu_s, started_s = server.cpu_s, time.monotonic()
    await asyncio.sleep(for_s)
    return (server.cpu_s - cpu_s) / (time.monotonic() - started_s)


@contextmanager
def _watching(database: Postgres) -> Iterator[list[int]]:
    """How many others were connected to the database, a hundred times a second."""
    seen: list[int] = []
    is_over = threading.Event()

    def watch() -> None:
        with database.connect("postgres") as connection:
            while not is_over.wait(SAMPLE_S):
                (count,) = connection.execute(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE datname = %s AND application_name <> %s",
                    (NAME, OBSERVER),
                ).fetchone() or (0,)
                seen.append(count)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        thread.join()


def _opened(asking: psycopg.Connection) -> int:
    """Connections to the database since it was made."""
    (count,) = asking.execute(
        "SELECT sessions FROM pg_stat_database WHERE datname = %s", (NAME,)
    ).fetchone() or (0,)
    return int(count)


# --- The web container -------------------------------------------------------------------


def _web(calls: int) -> list[Row]:
    """What a worker and a request get to carry."""
    print("  publish() and position() …", flush=True)
    before = int(_python(MEMORY.format(push=""), WITH_PUSH="no"))
    after = int(_python(MEMORY.format(push=PUSH)))
    import django  # the settings are those of the environment, which main() has made

    django.setup()
    from ws_service import position, publish

    publish("orders:1", DATA, on_commit=False)
    rows = [_row("memory, a web worker more", (after - before) / 2**20, "MiB")]
    measured: dict[str, Callable[[], object]] = {
        "publish() to nobody": lambda: publish("orders:1", DATA, on_commit=False),
        "position()": lambda: position("orders:1"),
    }
    for name, call in measured.items():
        cuts = statistics.quantiles(_milliseconds(call, calls), n=100)
        rows += [_row(f"{name}, median", cuts[49], "ms"), _row(f"{name}, p99", cuts[98], "ms")]
    return rows


def _milliseconds(call: Callable[[], object], calls: int) -> list[float]:
    took_ms = []
    for _ in range(calls):
        started_s = time.perf_counter()
        call()
        took_ms.append((time.perf_counter() - started_s) * 1000)
    return took_ms


def _python(script: str, *arguments: str, **environment: str) -> str:
    """What a script prints in a process of its own."""
    finished = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script, *arguments],
        env=os.environ | environment,
        cwd=checkout.ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    return finished.stdout


# --- Redis -------------------------------------------------------------------------------


def _redis_memory(store: redis.Redis) -> list[Row]:
    """Of a topic with one publication, with a full history, and of a publication's own key."""
    print(f"  {TOPICS:,} topics in Redis …", flush=True)
    from ws_service import publish_many

    store.flushall()
    publish_many([("orders:0", DATA)], on_commit=False)  # scripts, change index
    empty = _used(store)
    names = [f"orders:{number}" for number in range(1, TOPICS + 1)]
    publish_many([(name, DATA) for name in names], on_commit=False)
    with_keys = _used(store)
    _forget_repetitions(store)
    one = _used(store)
    for _ in range(PUBLICATIONS - 1):
        publish_many([(name, DATA) for name in names], on_commit=False)
        _forget_repetitions(store)
    full = _used(store)
    return [
        _row("Redis, a topic with one publication", (one - empty) / 1024 / TOPICS, "KiB"),
        _row(f"Redis, a topic with {PUBLICATIONS}", (full - empty) / 1024 / TOPICS, "KiB"),
        _row("Redis, a publication's key, for 60 s", (with_keys - one) / TOPICS, "bytes"),
    ]


def _used(store: redis.Redis) -> int:
    return int(store.info("memory")["used_memory"])


def _forget_repetitions(store: redis.Redis) -> None:
    """As a minute does."""
    for keys in in_chunks(store.scan_iter("*:once:*", count=10_000), 1_000):
        store.delete(*keys)


if __name__ == "__main__":
    arena.enter(main)
