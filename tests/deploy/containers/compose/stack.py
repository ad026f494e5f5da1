"""compose.yaml as it is, brought up in a Docker engine, and what tests do to it."""

import json
import os
import resource
import secrets
import shutil
import ssl
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from devkit.ports import free_port
from tests.deploy.containers.docker import Container, docker
from tests.live import ANSWER_LIMIT_S, CHECKOUT, bare_environment

PROFILES = ("tls", "caddy", "gateway")
ONE_SHOT = ("certificate", "migrate")
UP_LIMIT_S = 240.0
STOP_LIMIT_S = 60.0
# compose.yaml asks for as many as a real deployment wants; here there may be fewer to give.
_OPEN_FILES = min(65_536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])

# A program of the site: it does what each line says, and answers with what that has printed.
_PROGRAM = """
import contextlib, io, json, sys, traceback
import django
django.setup()
from django.db import close_old_connections
for line in sys.stdin:
    printed, failure = io.StringIO(), None
    close_old_connections()
    try:
        with contextlib.redirect_stdout(printed):
            exec(json.loads(line), {})
    except BaseException:
        failure = traceback.format_exc()
    print(json.dumps([printed.getvalue().strip(), failure]), flush=True)
"""


@dataclass(frozen=True)
class Front:
    """A proxy, and the origin that browsers know it by. authority: PEM, None without TLS."""

    service: str
    origin: str
    authority: str | None = None

    @property
    def live_origin(self) -> str:
        """The same for WebSockets: ws:// or wss://."""
        return self.origin.replace("http", "ws", 1)

    @cached_property
    def tls(self) -> ssl.SSLContext | None:
        """Trusts this proxy and nobody else."""
        return ssl.create_default_context(cadata=self.authority) if self.authority else None


class Stack:
    """One compose project with all profiles, on free ports, and none of this machine's .env."""

    def __init__(self, **environment: str) -> None:
        self.name = f"compose-test-{os.getpid()}"
        self._ports = {name: free_port() for name in ("HTTP_PORT", "HTTPS_PORT", "CADDY_PORT")}
        kept = {name: os.environ[name] for name in ("DOCKER_HOST",) if name in os.environ}
        self.environment = {
            **bare_environment(),
            **kept,
            **{name: str(port) for name, port in self._ports.items()},
            "OPEN_FILES": str(_OPEN_FILES),
            **environment,
        }

    def __enter__(self) -> Self:
        """Up and healthy, in the order that the file says."""
        try:
            self.compose("up", "--detach", "--wait", "--no-build", "--pull", "never")
        except AssertionError as error:
            error.add_note(self.compose("ps", "--all"))
            error.add_note(self.compose("logs", "--no-color", "--tail", "20"))
            self.__exit__()
            raise
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if "program" in vars(self):
            self.program.close()
        self.compose("down", "--volumes", "--timeout", "2")

    def compose(self, *arguments: str, **environment: str) -> str:
        """One of compose's commands for this project; gives what it prints.

        environment: in place of this project's own. Raises AssertionError with what it said.
        """
        profiles = (part for profile in PROFILES for part in ("--profile", profile))
        finished = subprocess.run(
            [
                *_compose_program(),
                *("--project-name", self.name, "--env-file", os.devnull, *profiles),
                *arguments,
            ],
            cwd=CHECKOUT,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=UP_LIMIT_S,
            check=False,
        )
        said = f"{finished.stdout}\n{finished.stderr}"
        assert finished.returncode == 0, f"compose {' '.join(arguments)}\n{said}"
        return finished.stdout

    # --- The containers -----------------------------------------------------------------------

    def containers(self, service: str | None = None) -> list[Container]:
        """All, or those of one service, also those that have ended."""
        labels = [f"com.docker.compose.project={self.name}"]
        labels += [f"com.docker.compose.service={service}"] if service else []
        filters = (part for label in labels for part in ("--filter", f"label={label}"))
        found = docker("ps", "--all", "--no-trunc", "--quiet", *filters)
        return [Container(ident) for ident in found.split()]

    def container(self, service: str) -> Container:
        """The only one of a service."""
        (container,) = self.containers(service)
        return container

    def replica(self, node: str) -> Container:
        """The container of a node: its id begins with the host name, Docker's short id."""
        hostname = node.rpartition("-")[0]
        return next(each for each in self.containers("ws") if each.ident.startswith(hostname))

    # --- The site -----------------------------------------------------------------------------

    @cached_property
    def program(self) -> "Program":
        """One that is there for as long as the stack: starting Django takes a while."""
        return Program(self.container("web"))

    def run_in_django(self, script: str) -> str:
        """A script in the site's container, with its settings; gives what it prints."""
        return self.program.do(script)

    def manage(self, *arguments: str) -> str:
        """One of the site's commands, there."""
        command = "from django.core.management import call_command; call_command"
        return self.program.do(f"{command}{arguments!r}")

    def publish(self, topic: str, *data: Any) -> None:
        """The site's own publish(), one after the other; returns when Redis has all of them."""
        script = f"from ws_service import publish\nfor each in {data!r}:\n"
        self.program.do(f"{script}    publish({topic!r}, each, on_commit=False)")

    # --- In front -----------------------------------------------------------------------------

    @cached_property
    def fronts(self) -> Mapping[str, Front]:
        """The proxies by their services' names."""
        certificate = "/etc/nginx/certificates/fullchain.pem"
        root = "/data/caddy/pki/authorities/local/root.crt"
        return {
            "nginx": Front("nginx", f"http://localhost:{self._ports['HTTP_PORT']}"),
            "nginx-tls": Front(
                "nginx-tls",
                f"https://localhost:{self._ports['HTTPS_PORT']}",
                self.container("nginx-tls").execute("cat", certificate),
            ),
            "caddy": Front(
                "caddy",
                f"https://localhost:{self._ports['CADDY_PORT']}",
                self.container("caddy").execute("cat", root),
            ),
        }


class Program:
    """A process with the site's settings, in its container. Threads may share it."""

    def __init__(self, web: Container) -> None:
        self._process = subprocess.Popen(
            ["docker", "exec", "--interactive", web.ident, "python", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lock = threading.Lock()

    def do(self, script: str) -> str:
        """Give what the script prints. Raises AssertionError with its traceback."""
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps(script) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        assert answer, "the site's program has ended; what it said is above"
        printed, failure = json.loads(answer)
        assert failure is None, failure
        return str(printed)

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(ANSWER_LIMIT_S)
        self._process.stdout.close()


def own_secrets() -> dict[str, str]:
    """What .env.example wants, filled in as it says."""
    lines = (CHECKOUT / ".env.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: value or secrets.token_urlsafe(50) for name, value in given.items()}


def _compose_program() -> list[str]:
    """Docker's plugin, or the program by itself."""
    plugin = ["docker", "compose"]
    asked = subprocess.run([*plugin, "version"], capture_output=True, check=False)
    if asked.returncode == 0:
        return plugin
    program = shutil.which("docker-compose")
    assert program, "no docker compose here"
    return [program]
