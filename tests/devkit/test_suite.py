"""`python3 dev.py test` in small: its last line, its exit status, what it says it left out."""

import subprocess
import sys
from pathlib import Path

from tests.devkit.dev_run import ROOT


def test_the_last_line_is_pytests_own(tmp_path: Path) -> None:
    """Machines look for "N passed" there."""
    answer = _dev_test(tmp_path, "tests/devkit/test_report.py", "-k", "colours")
    *_, last = answer.stdout.splitlines()
    assert answer.returncode == 0, answer.stdout
    assert "1 passed" in last
    assert "Left out:" in answer.stdout
    assert "deselected" in answer.stdout


def test_a_failure_shows_its_output_and_fails(tmp_path: Path) -> None:
    """Without a terminal nothing else tells what went wrong."""
    answer = _dev_test(tmp_path, "tests/devkit/no_such_file.py")
    assert answer.returncode == 1
    assert "no_such_file.py" in answer.stdout
    assert "failed: pytest on" in answer.stdout


def _dev_test(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "dev.py", "test", "--state", tmp_path, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
