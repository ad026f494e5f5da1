"""A Docker engine of our own for the length of one command, and compose for it."""

import os
from collections.abc import Sequence
from pathlib import Path

from devkit import step
from devkit.containers import images, recipe
from devkit.interruption import Interruption
from devkit.step import Outcome
from devkit.terminal import Terminal

_TOOLS = recipe.FOLDER / "tools"
_PLUGINS = _TOOLS / "usr" / "libexec" / "docker" / "cli-plugins"
_FETCH_TIMEOUT_S = 300.0


def fetch_compose(terminal: Terminal, interruption: Interruption) -> list[Outcome]:
    """Fetch Compose 2 out of Debian 13, once: Debian 12 has version 1, which can't read the file.

    Raises:
        Interrupted: somebody asked for the end meanwhile.
    """
    if (_PLUGINS / "docker-compose").exists():
        return []
    argv: list[str | Path] = [recipe.SCRIPTS / "fetch-trixie-tools", _TOOLS, "docker-compose"]
    return [step.take("docker compose", argv, terminal, interruption, timeout_s=_FETCH_TIMEOUT_S)]


def inside(argv: Sequence[str | Path]) -> list[str | Path]:
    """Give the command line that runs `argv` with an engine which has all images.

    It and the containers have a network of their own: what they publish is at 127.0.0.1 for
    `argv` alone, and nothing of the world is in reach.
    """
    return [
        recipe.SCRIPTS / "with-docker",
        *("--data", recipe.FOLDER / "engine"),
        *(part for name in images.names() for part in ("--image", name)),
        *("--", *argv),
    ]


def environment() -> dict[str, str]:
    """Give the variables for `inside()`: where the images are, and `docker-compose` on the path."""
    return {**recipe.environment(), "PATH": f"{_PLUGINS}{os.pathsep}{os.environ['PATH']}"}
