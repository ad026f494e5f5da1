"""`dev.py` itself: the one file that an old Python has to understand."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.devkit.dev_run import ROOT

_SOURCE = (ROOT / "dev.py").read_text()
COMMANDS = (
    *("run", "test", "lint", "format", "lock", "sdk", "bench", "images", "containers"),
    *("simulate", "screenshot", "clean"),
)


def test_an_old_python_can_read_it() -> None:
    """A syntax error would be all that people with an old Python get to see."""
    ast.parse(_SOURCE, feature_version=(3, 7))


def test_an_old_python_gets_one_line_with_the_remedy() -> None:
    """Whoever has none of them sees the same by the version that the check compares with."""
    old = _old_pythons()
    if old:
        commands = [[python, "dev.py", "run"] for python in old]
    else:
        pretend = _SOURCE.replace("_OLDEST = (3, 11)", "_OLDEST = (4, 0)")
        commands = [[sys.executable, "-c", pretend]]
    for command in commands:
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert answer.returncode == 1
        assert answer.stderr.startswith("dev.py needs Python 3.11 or newer, this is 3.")
        assert len(answer.stderr.splitlines()) == 1
        assert ": try: python3." in answer.stderr or ": install a newer one" in answer.stderr


def test_windows_gets_one_line() -> None:
    """Without Unix signals and a Redis there is nothing to be done there."""
    pretend = f"import shutil, subprocess, sys; sys.platform = 'win32'\n{_SOURCE}"
    answer = subprocess.run(
        [sys.executable, "-c", pretend], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 1
    assert "WSL" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_without_arguments_it_shows_what_it_can_do() -> None:
    """The first thing that people try."""
    answer = subprocess.run(
        [sys.executable, "dev.py"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 0
    for command in COMMANDS:
        assert f"\n    {command} " in answer.stdout or f"\n    {command}\n" in answer.stdout


def test_make_has_the_same_commands() -> None:
    """Some fingers type make."""
    makefile = (ROOT / "Makefile").read_text()
    (line,) = re.findall(r"^COMMANDS := (.*)$", makefile, re.MULTILINE)
    assert sorted(line.split()) == sorted(COMMANDS)


def test_a_port_that_is_no_number_is_a_usage_error() -> None:
    """Exit status 2, as everywhere."""
    answer = subprocess.run(
        [sys.executable, "dev.py", "run", "--port", "http"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 2


def _old_pythons() -> list[Path]:
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [
        python
        for series in range(6, 11)
        for python in versions.glob(f"3.{series}.*/bin/python")
        if os.access(python, os.X_OK)
    ]
    return [found[0], found[-1]] if found else []
