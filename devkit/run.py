"""`python3 dev.py run`: the site, the service beside it, Redis; everything up, or nothing.

Exit status: 0 after Ctrl-C, SIGTERM or a closed terminal; 1 when something failed or a part
ended by itself; 128 + the signal's number when it was stopped before everything was up.
"""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devkit import addresses, checkout, client_sdk, health, job, virtualenv, welcome
from devkit.addresses import Addresses
from devkit.buttons import Buttons, start_again
from devkit.child import Child
from devkit.command_lock import CommandLock
from devkit.control import Control
from devkit.failure import Failure
from devkit.interruption import Interrupted, Interruption
from devkit.parts import Parts
from devkit.redis_server import (
    SNAPSHOT,
    NoRedisBinary,
    RedisDidNotStart,
    RedisServer,
    find_binary,
)
from devkit.stack import Stack
from devkit.terminal import Terminal
from devkit.virtualenv import VirtualEnvironment
from devkit.welcome import Welcome

_MANAGE_TIMEOUT_S = 120.0
_PING_TIMEOUT_S = 15.0
# redis-py knows every kind of Redis URL, TLS and passwords; this runs inside the environment.
_PING = (
    "import os, redis;"
    "redis.Redis.from_url(os.environ['REDIS_URL'], socket_timeout=5, socket_connect_timeout=5,"
    " retry=None).ping()"
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asked for; None means: as usual."""

    port: int | None = None
    service_port: int | None = None
    state: Path = checkout.STATE


def run(wishes: Wishes, terminal: Terminal) -> int:
    """Run until told to stop; gives the exit status."""
    try:
        addresses.refuse_taken(wishes.port, wishes.service_port)
        with Interruption() as interruption, CommandLock("run", wishes.state) as lock:
            return _run(wishes, lock, terminal, interruption)
    except Interrupted as interrupted:
        terminal.line()
        terminal.line("Stopped before everything was up.")
        return 128 + interrupted.signum
    except Failure as failure:
        terminal.problem(failure.message)
        terminal.excerpt(failure.log_tail)
        return 1


def _run(wishes: Wishes, lock: CommandLock, terminal: Terminal, interruption: Interruption) -> int:
    venv = VirtualEnvironment(checkout.ROOT / ".venv")
    venv.ensure(virtualenv.RUN, terminal, interruption)
    client_sdk.ensure(venv.python, terminal, interruption)
    stack = Stack(interruption)
    try:
        redis_url, redis = _redis(venv, wishes.state, terminal)
        if redis:
            stack.adopt_redis(redis)
        chosen = addresses.choose(wishes.port, wishes.service_port, terminal)
        actions = Buttons.names(redis)
        parts = Parts(venv, chosen, redis_url=redis_url, state=wishes.state, actions=actions)
        prepare_database(parts, terminal, interruption)
        site, service = _start(stack, parts, chosen, terminal)
        lock.write(chosen.origins[0])
        Welcome(
            chosen,
            site_pid=site.pid,
            service_pid=service.pid,
            redis_url=without_password(redis_url),
            redis_pid=redis.pid if redis else None,
            logs=wishes.state / "logs",
        ).show(terminal)
        buttons = Buttons(stack, service, redis, chosen, terminal, interruption)
        with Control(parts.control, buttons.actions()) as control:
            control.listen(interruption)
            return _watch(stack, redis, terminal, interruption)
    finally:
        stack.stop()


def _redis(
    venv: VirtualEnvironment, state: Path, terminal: Terminal
) -> tuple[str, RedisServer | None]:
    """Give the address of a Redis that answers, and the server if it is ours."""
    if url := os.environ.get("REDIS_URL"):
        _check_given_redis(venv)
        return url, None
    redis = start_redis(venv, state, terminal)
    return redis.url, redis


def start_redis(venv: VirtualEnvironment, state: Path, terminal: Terminal) -> RedisServer:
    """Give a Redis of our own that answers.

    Raises:
        Failure: there is none, or it did not start.
    """
    try:
        redis = RedisServer(find_binary(venv.site_packages))
        terminal.step("starting Redis")
        # Left by the button that stops Redis for a while: yesterday's state is of no use.
        (state / "redis" / SNAPSHOT).unlink(missing_ok=True)
        return redis.start(state / "redis")
    except NoRedisBinary as error:
        raise Failure(str(error)) from error
    except RedisDidNotStart as error:
        first, _, log_tail = str(error).partition("\n")
        raise Failure(first, log_tail=log_tail) from error


def _check_given_redis(venv: VirtualEnvironment) -> None:
    url = without_password(os.environ["REDIS_URL"])
    try:
        answer = subprocess.run(
            [venv.python, "-c", _PING],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PING_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failure(
            f"REDIS_URL is set, but {url} does not answer: start it or unset it"
        ) from None
    if answer.returncode != 0:
        reason = (answer.stderr.strip().splitlines() or ["no answer"])[-1]
        if reason.startswith("ValueError"):  # it quotes what may be a part of the password
            reason = "it can't be read"
        raise Failure(f"REDIS_URL is set, but {url} is of no use: {reason}. Start it or unset it")


def without_password(url: str) -> str:
    """Give a URL that may be shown."""
    # Not by parsing: what can't be parsed may hold a password too.
    scheme, mark, rest = url.rpartition("@")[0].partition("://")
    if not mark:
        return url
    user, colon, _ = rest.partition(":")
    return f"{scheme}://{user}{colon}***@{url.rpartition('@')[2]}" if colon else url


def prepare_database(parts: Parts, terminal: Terminal, interruption: Interruption) -> None:
    """Make the tables, the demo users, their orders and the device, if they are not there.

    Raises:
        Failure: a command failed.
        Interrupted: somebody asked for the end meanwhile.
    """
    terminal.step("migrating the database, making the demo users and what is theirs")
    for command in ("migrate", "demo_users", "demo_orders", "demo_device"):
        job.run(parts.manage(command), interruption, timeout_s=_MANAGE_TIMEOUT_S, what=command)


def _start(
    stack: Stack, parts: Parts, chosen: Addresses, terminal: Terminal
) -> tuple[Child, Child]:
    """Start everything and give the site and the service, which are healthy by then."""
    terminal.step("starting the site and the service")
    site = stack.start(parts.site())
    stack.start(parts.dashboard())
    stack.start(parts.counter())
    stack.start(parts.ticker())
    service = stack.start(parts.service())
    stack.wait_until(lambda: health.site_trouble(chosen), site)
    stack.wait_until(lambda: health.service_trouble(chosen), service)
    stack.start(parts.sensor())
    return site, service


def _watch(
    stack: Stack, redis: RedisServer | None, terminal: Terminal, interruption: Interruption
) -> int:
    def restart_redis() -> None:
        if redis:
            start_again(redis, terminal)

    def tell_redis_end(ended: RedisServer) -> None:
        terminal.notice("Redis has ended; the rest goes on: idle sockets stay; new connections and")
        terminal.line("  messages fail until it is back. --live says yes, --ready says why not.")
        terminal.line(f"  {welcome.redis_return()}")

    interruption.on(signal.SIGUSR1, restart_redis)
    try:
        stack.watch(tell_redis_end)
    except Interrupted:
        terminal.line()
        terminal.line("Stopping …")
        stack.stop()
        terminal.line("Stopped.")
    return 0
