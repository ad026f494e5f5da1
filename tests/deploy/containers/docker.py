"""Docker as the tests drive it: its command line, and containers that end with their test."""

import json
import subprocess
from typing import Any, Self

from tests.live import happens

LIMIT_S = 60.0
HARDENED = (
    "--read-only",
    *("--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges"),
)
"""How docs/containers.md starts a container."""
QUICK_CHECKS = ("--health-interval=1s", "--health-timeout=5s", "--health-retries=2")
"""The image's own health check, more often than it asks for: a test doesn't wait for minutes."""


def docker(*arguments: str, limit_s: float = LIMIT_S) -> str:
    """Run one of Docker's commands; gives what it prints, without the newline at the end."""
    finished = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=limit_s, check=False
    )
    assert finished.returncode == 0, f"docker {' '.join(arguments)}\n{finished.stderr}"
    return finished.stdout.strip()


class Container:
    """A container that was started; removed, with its volumes, at the end of the block."""

    def __init__(self, ident: str) -> None:
        self.ident = ident

    @classmethod
    def run(cls, image: str, *command: str, options: tuple[str, ...] = ()) -> Self:
        """Start one in the background."""
        return cls(docker("run", "--detach", *options, image, *command))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        docker("rm", "--force", "--volumes", self.ident)

    def inspect(self, *path: str) -> Any:
        """A value of ``docker inspect`` by its keys: ``inspect("State", "Health", "Status")``."""
        value = json.loads(docker("inspect", self.ident))[0]
        for key in path:
            value = value[key]
        return value

    @property
    def health(self) -> str:
        """``starting``, ``healthy`` or ``unhealthy``."""
        return str(self.inspect("State", "Health", "Status"))

    def wait_until(self, health: str) -> None:
        """Wait for this health; says what the container has said when it doesn't come."""
        happens(lambda: self.health == health or not self.is_running, LIMIT_S)
        assert self.health == health, self.logs()

    @property
    def address(self) -> str:
        """Its own in its only network."""
        (network,) = self.inspect("NetworkSettings", "Networks").values()
        return str(network["IPAddress"])

    @property
    def exit_code(self) -> int:
        return int(self.inspect("State", "ExitCode"))

    @property
    def is_running(self) -> bool:
        return bool(self.inspect("State", "Running"))

    def execute(self, *command: str) -> str:
        """Run a command in it, as its own user."""
        return docker("exec", self.ident, *command)

    def succeeds(self, *command: str) -> bool:
        """Whether a command in it ends well."""
        argv = ["docker", "exec", self.ident, *command]
        return subprocess.run(argv, capture_output=True, timeout=LIMIT_S).returncode == 0

    def logs(self) -> str:
        """All that it has printed, on both streams."""
        finished = subprocess.run(
            ["docker", "logs", self.ident],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            check=True,
        )
        return finished.stdout

    def signal(self, name: str) -> None:
        docker("kill", "--signal", name, self.ident)

    def stop(self, grace_s: int = 10) -> None:
        """SIGTERM, and SIGKILL when the grace period is over."""
        docker("stop", "--time", str(grace_s), self.ident)

    def start(self) -> None:
        """Start it again."""
        docker("start", self.ident)

    def restart(self) -> None:
        """Stop it in its own way and time, and start it again."""
        docker("restart", self.ident)
