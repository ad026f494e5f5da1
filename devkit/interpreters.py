"""The supported Pythons of this machine."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devkit.failure import Failure

SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
_ASK = (
    "import json, sys; v = sys.version_info;"
    "print(json.dumps([list(v[:3]), v.releaselevel, sys.executable]))"
)
_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True, order=True)
class Interpreter:
    """A Python that runs."""

    version: tuple[int, int, int]
    path: str

    @property
    def series(self) -> str:
        """Its version as in `3.12`."""
        return f"{self.version[0]}.{self.version[1]}"


def ask(path: str | Path) -> Interpreter | None:
    """Give the interpreter at `path`; None if it doesn't run, or isn't a final release."""
    try:
        # pyenv's shims are on the path for versions that aren't switched on: they exit with 127.
        answer = subprocess.run(
            [path, "-I", "-S", "-c", _ASK],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=True,
        ).stdout
        version, release_level, executable = json.loads(answer)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Interpreter(tuple(version), executable) if release_level == "final" else None


def named(path: str) -> Interpreter:
    """Give the interpreter that somebody asked for.

    Raises:
        Failure: it doesn't run or isn't supported.
    """
    found = ask(path)
    if found is None:
        raise Failure(f"{path} is no Python that runs here")
    if found.series not in SUPPORTED:
        raise Failure(f"{path} is Python {found.series}; supported are {', '.join(SUPPORTED)}")
    return found


def find(*, besides: str) -> tuple[list[Interpreter], list[str]]:
    """Give one interpreter of each supported series but `besides`, and the series not found.

    Looks at PYTHON, the path, and the folders of pyenv and uv.
    """
    found: dict[str, Interpreter] = {}
    for path in _candidates():
        interpreter = ask(path)
        if interpreter:
            found.setdefault(interpreter.series, interpreter)
    wanted = [series for series in SUPPORTED if series != besides]
    return [found[series] for series in wanted if series in found], [
        series for series in wanted if series not in found
    ]


def _candidates() -> Iterator[str | Path]:
    if given := os.environ.get("PYTHON"):
        yield given
    for name in (*(f"python{series}" for series in SUPPORTED), "python3"):
        if on_path := shutil.which(name):
            yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    uv = Path.home() / ".local" / "share" / "uv" / "python"
    for series in SUPPORTED:
        yield from sorted(pyenv.glob(f"{series}.*/bin/python"), reverse=True)
        yield from sorted(uv.glob(f"cpython-{series}.*/bin/python3"), reverse=True)
