"""`python3 dev.py run`, started for real: what it promises on its screen, and that it cleans up."""

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devkit import ports
from devkit.redis_server import RedisServer
from tests.devkit.dev_run import ROOT, DevRun
from tests.devkit.waiting import is_gone, wait_for


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevRun]:
    """One for all tests that leave it running; its ports are the default ones or the next."""
    with DevRun(tmp_path_factory.mktemp("run")) as run:
        yield run.wait_until_up()


def free_ports() -> tuple[str, ...]:
    """Arguments for a run beside others."""
    site, service = ports.free_port(), ports.free_port()
    return ("--port", str(site), "--service-port", str(service))


def healthcheck(what: str, run: DevRun) -> tuple[int, str]:
    """Run the command that the screen shows."""
    command = f"healthcheck.py {what} --url ws://127.0.0.1:{run.service_port}"
    shown = " ".join(run.screen.split())
    assert f"python3 {command}" in shown
    finished = subprocess.run(
        [sys.executable, *command.split()], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    return finished.returncode, finished.stdout + finished.stderr


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_the_site_answers_by_each_of_its_names(run: DevRun, host: str) -> None:
    """People type any of the three."""
    if host == "[::1]" and not ports.has_ipv6_loopback():
        host = "localhost"
    connection = http.client.HTTPConnection(f"{host}:{run.site_port}", timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", "/")
        assert connection.getresponse().status == 200


def test_both_addresses_of_the_two_users_are_shown(run: DevRun) -> None:
    """Two users in one browser need two host names."""
    assert f"http://localhost:{run.site_port}/" in run.screen
    assert f"http://127.0.0.1:{run.site_port}/" in run.screen
    assert 'press "Be Ada" or "Be Grace"' in run.screen
    assert "admin@example.org" in run.screen
    assert "password demo" in run.screen


def test_the_screen_is_plain_and_fits_a_terminal(run: DevRun) -> None:
    """It ends up in logs and in narrow windows."""
    assert "\x1b" not in run.raw_screen
    about_the_stack = run.screen[run.screen.index("A Django site") :]
    long = [line for line in about_the_stack.splitlines() if len(line) > 80]
    assert [line for line in long if str(run.state) not in line] == []


def test_the_service_answers_plain_http_with_426(run: DevRun) -> None:
    """The first thing the screen invites to try."""
    connection = http.client.HTTPConnection("127.0.0.1", run.service_port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", "/")
        assert connection.getresponse().status == 426


@pytest.mark.parametrize("what", ["--live", "--ready"])
def test_the_service_is_healthy(run: DevRun, what: str) -> None:
    """The second thing."""
    assert healthcheck(what, run)[0] == 0


def test_a_second_run_says_where_the_first_is(run: DevRun) -> None:
    """Two would share a database and its logs."""
    second = subprocess.run(
        [sys.executable, "dev.py", "run", "--state", run.state],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == 1
    assert f"process {run.process.pid} http://localhost:{run.site_port}" in second.stdout
    assert len(second.stdout.splitlines()) == 1


def test_a_port_that_was_asked_for_and_is_taken_is_named_with_its_owner(
    run: DevRun, tmp_path: Path
) -> None:
    """Another port than the one asked for would be a surprise."""
    with DevRun(tmp_path, "--port", str(run.site_port)) as second:
        assert second.wait() == 1
    assert f"port {run.site_port} was asked for and is taken by process" in second.screen
    assert len(second.screen.splitlines()) == 1


def test_a_stopped_redis_leaves_the_service_alive_but_not_ready(tmp_path: Path) -> None:
    """A liveness probe that fails with Redis would restart every container at once."""
    with DevRun(tmp_path, *free_ports()) as run:
        run.wait_until_up()
        os.kill(run.pids["redis"], signal.SIGTERM)
        wait_for("the notice", lambda: "Redis has ended" in run.screen)
        wait_for("not ready", lambda: healthcheck("--ready", run)[0] == 1)
        assert "not ready: " in healthcheck("--ready", run)[1]
        assert healthcheck("--live", run)[0] == 0

        run.process.send_signal(signal.SIGUSR1)
        wait_for("the notice", lambda: "Redis runs again" in run.screen)
        (again,) = re.findall(r"Redis runs again.* as process (\d+)", run.screen)
        wait_for("how to stop it", lambda: f"kill {again} " in run.screen)
        wait_for("ready again", lambda: healthcheck("--ready", run)[0] == 0)
        run.process.send_signal(signal.SIGTERM)
        assert run.wait() == 0


def test_default_ports_that_are_busy_give_way_to_the_next_pair(tmp_path: Path) -> None:
    """Port 8000 is everybody's favourite; the screen says what happened."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # somebody else keeps it busy
            stack.enter_context(socket.create_server(("127.0.0.1", 8000)))
        with DevRun(tmp_path) as run:
            wait_for("the notice", lambda: "in use: taking" in run.screen)
            run.wait_until_up()
            site, service = run.ports
            run.process.send_signal(signal.SIGINT)
            assert run.wait() == 0
    # Another run beside the tests may keep 8001 busy, too.
    assert re.search(r"port 8000 is|ports 8000 and 8001 are", run.screen)
    assert site >= 8002
    assert service == site + 1
    assert f"taking {site} and {service} instead" in run.screen


@pytest.mark.parametrize("presses", [1, 3])
def test_ctrl_c_stops_everything(tmp_path: Path, presses: int) -> None:
    """More than one Ctrl-C is impatience and must not leave anything behind."""
    with DevRun(tmp_path, *free_ports(), in_terminal=True) as run:
        run.wait_until_up()
        assert "\x1b[" in run.raw_screen
        addresses = run.ports
        for _ in range(presses):
            run.press(b"\x03")
        assert run.wait() == 0
        assert "Stopped." in run.screen
    run.wait_until_everybody_is_gone()
    assert not any(ports.is_taken(port) for port in addresses)


def test_a_closed_terminal_stops_everything(tmp_path: Path) -> None:
    """There is nobody to write to any more, and still everything has to go."""
    with DevRun(tmp_path, *free_ports(), in_terminal=True) as run:
        run.wait_until_up()
        addresses = run.ports
        run.close_terminal()
        assert run.wait() == 0
    run.wait_until_everybody_is_gone()
    assert not any(ports.is_taken(port) for port in addresses)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_killed_dev_py_leaves_no_process(tmp_path: Path) -> None:
    """The out-of-memory killer does not ask."""
    with DevRun(tmp_path, *free_ports()) as run:
        run.wait_until_up()
        addresses = run.ports
        run.process.kill()
        run.wait_until_everybody_is_gone()
    assert not any(ports.is_taken(port) for port in addresses)


def test_a_part_that_ends_by_itself_is_named_and_ends_the_rest(tmp_path: Path) -> None:
    """A half-running stack is a riddle. The site, because Gunicorn has workers to lose."""
    with DevRun(tmp_path, *free_ports()) as run:
        run.wait_until_up()
        os.kill(run.pids["site"], signal.SIGKILL)
        assert run.wait() == 1
    assert "the site ended by signal 9" in run.screen
    run.wait_until_everybody_is_gone()


def test_a_redis_of_ones_own_is_used_and_left_alone(tmp_path: Path, own_redis: RedisServer) -> None:
    """Many have one running already."""
    with DevRun(tmp_path, *free_ports(), REDIS_URL=own_redis.url) as run:
        run.wait_until_up()
        assert f"{own_redis.url} " in run.screen
        assert "yours, by REDIS_URL" in run.screen
        run.process.send_signal(signal.SIGINT)
        assert run.wait() == 0
    assert own_redis.is_running


def test_a_redis_url_that_leads_nowhere_is_said_in_a_line(tmp_path: Path) -> None:
    """Starting another Redis instead would hide the mistake."""
    url = f"redis://:secret@127.0.0.1:{ports.free_port()}/0"
    with DevRun(tmp_path, *free_ports(), REDIS_URL=url) as run:
        assert run.wait() == 1
    assert "REDIS_URL is set, but redis://:***@127.0.0.1" in run.screen
    assert "secret" not in run.screen


def test_a_redis_url_that_can_not_be_read_is_not_shown(tmp_path: Path) -> None:
    """It may hold a password, and that may be why."""
    with DevRun(tmp_path, *free_ports(), REDIS_URL="redis://u:secret#secret@127.0.0.1/0") as run:
        assert run.wait() == 1
    assert "REDIS_URL is set, but redis://u:***@127.0.0.1/0 is of no use" in run.screen
    assert "secret" not in run.screen


def test_an_interruption_before_everything_is_up_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C comes when it comes."""
    with DevRun(tmp_path, *free_ports()) as run:
        wait_for("the migration", lambda: "migrating" in run.screen)
        family = run.process.children(recursive=True)
        run.process.send_signal(signal.SIGINT)
        assert run.wait() == 128 + signal.SIGINT
    assert "Stopped before everything was up." in run.screen
    wait_for("the end of every process", lambda: all(is_gone(p.pid) for p in family))
