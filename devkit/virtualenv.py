"""The virtual environment of this checkout, made from the locked requirements.

What it was made from is written down inside it, so that an unchanged one costs nothing. An
environment whose making was interrupted, that was moved, or whose Python is gone is made anew.
One that was made by hand is kept and filled.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from devkit import checkout, interpreters, job, turns
from devkit.child import Child
from devkit.failure import Failure
from devkit.interruption import Interruption
from devkit.terminal import Terminal

RUN = "run.txt"
TEST = "test.txt"
_INCLUDES = {RUN: [RUN], TEST: [RUN, TEST]}
_INSTALL_TIMEOUT_S = 1200.0
_MAKE_TIMEOUT_S = 120.0
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")


class VirtualEnvironment:
    """A folder with a Python, the locked requirements, and this checkout installed editable."""

    def __init__(self, folder: Path, *, interpreter: str = sys.executable) -> None:
        """Describe it; `interpreter` makes it if it isn't there."""
        self.folder = folder
        self.python = folder / "bin" / "python"
        self._interpreter = interpreter
        self._making = folder / ".making"
        self._stamp = folder / ".installed.json"

    @property
    def site_packages(self) -> Path:
        """Where its packages are."""
        return next((self.folder / "lib").glob("python3*/site-packages"))

    @property
    def series(self) -> str:
        """The version of its Python as in `3.12`; its maker's before it is made."""
        made_with = next((self.folder / "lib").glob("python3*"), None)
        if made_with:
            return made_with.name.removeprefix("python")
        return interpreters.named(self._interpreter).series

    def script(self, name: str) -> Path:
        """Give one of its commands."""
        return self.folder / "bin" / name

    def ensure(self, lock_file: str, terminal: Terminal, interruption: Interruption) -> None:
        """Make it, or bring it up to date with `requirements/<lock_file>`; nothing if it is.

        Raises:
            Failure: it can't be made; the message has the remedy, or the end of pip's log.
        """
        work = "prepares the virtual environment"
        with turns.one_at_a_time("virtualenv", work, terminal, interruption):
            wanted_locks, wanted_project = _digests(lock_file), _project()
            has_locks = wanted_locks.items() <= self._installed().items()
            has_project = wanted_project.items() <= self._installed().items()
            if self._is_usable() and has_locks and has_project:
                return
            log = checkout.STATE / "logs" / f"{self.folder.name.lstrip('.')}-pip.log"
            if not self._is_usable():
                self._make(log, terminal, interruption)
                has_locks = False
            where = checkout.brief(self.folder)
            if not has_locks:
                terminal.step(f"installing requirements/{lock_file} into {where} (a minute, once)")
                requirements = checkout.REQUIREMENTS / lock_file
                self._pip(["install", "--require-hashes", "-r", requirements], log, interruption)
            editable: list[str | os.PathLike[str]] = [
                "--no-deps",
                "--no-build-isolation",
                "-e",
                checkout.ROOT,
            ]
            self._pip(["install", *editable], log, interruption)
            installed = {**self._installed(), **wanted_locks, **wanted_project}
            self._stamp.write_text(json.dumps(installed, indent=1))
            self._making.unlink(missing_ok=True)

    def _is_usable(self) -> bool:
        if self._making.exists() or not self.python.exists():
            return False
        made_at = self._installed().get("folder", str(checkout.ROOT))
        return made_at == str(checkout.ROOT) and self._has_its_python()

    def _has_its_python(self) -> bool:
        """Whether its packages are where its Python looks: an upgraded system moves Python on."""
        answer = subprocess.run(
            [self.python, "-I", "-S", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
        return (self.folder / "lib" / f"python{answer}" / "site-packages" / "pip").is_dir()

    def _make(self, log: Path, terminal: Terminal, interruption: Interruption) -> None:
        _check_venv_module(self._interpreter)
        again = " anew" if self.folder.exists() else ""
        terminal.step(f"making {checkout.brief(self.folder)}{again}")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._making.touch()
        job.run(
            Child("venv", [self._interpreter, "-I", "-m", "venv", self.folder], log=log),
            interruption,
            timeout_s=_MAKE_TIMEOUT_S,
            what=f"making {checkout.brief(self.folder)}",
        )

    def _pip(
        self, arguments: list[str | os.PathLike[str]], log: Path, interruption: Interruption
    ) -> None:
        job.run(
            Child("pip", [self.python, *PIP, *arguments], cwd=checkout.ROOT, log=log),
            interruption,
            timeout_s=_INSTALL_TIMEOUT_S,
            what="pip install",
        )

    def _installed(self) -> dict[str, str]:
        try:
            installed: dict[str, str] = json.loads(self._stamp.read_text())
        except (OSError, ValueError):
            return {}
        return installed


def _digests(lock_file: str) -> dict[str, str]:
    return {
        name: _digest((checkout.REQUIREMENTS / name).read_bytes()) for name in _INCLUDES[lock_file]
    }


def _project() -> dict[str, str]:
    """What an editable installation depends on: not the settings of ruff and the like."""
    pyproject = tomllib.loads(checkout.PYPROJECT.read_text())
    tables = [pyproject.get("project"), pyproject.get("build-system")]
    return {"project": _digest(json.dumps(tables).encode()), "folder": str(checkout.ROOT)}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _check_venv_module(interpreter: str) -> None:
    """Debian ships Python without the part that makes environments."""
    complete = subprocess.run(
        [interpreter, "-I", "-c", "import venv, ensurepip"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if complete.returncode == 0:
        return
    remedy = "install your system's venv package for Python"
    if Path("/etc/debian_version").exists():
        remedy = f"sudo apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    raise Failure(f"{interpreter} has no complete venv module (ensurepip): {remedy}")
