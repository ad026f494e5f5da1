"""What `dev.py test --all` reads from pytest: nothing that was left out may go unnoticed."""

import subprocess
import sys
from pathlib import Path

import pytest

from devkit import report
from devkit.report import Report

_TESTS = {
    "test_good.py": "def test_good(): pass\ndef test_other(): pass\n",
    "test_skip.py": (
        "import pytest\n"
        "@pytest.mark.skip(reason='no browser')\ndef test_skip(): pass\n"
        "@pytest.mark.xfail(reason='known')\ndef test_xfail(): assert False\n"
    ),
    "test_module.py": "import pytest\npytest.skip('whole module', allow_module_level=True)\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one test of each kind."""
    for name, text in _TESTS.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_what_all_counts_as_complete(folder: Path) -> None:
    """No complaint about tests that ran."""
    seen = _pytest(folder, "test_good.py")
    assert seen.ran == 2
    assert seen.complaints() == ()
    assert "2 passed in " in seen.closing_line


def test_skipped_tests_modules_and_expected_failures_are_named(folder: Path) -> None:
    """Each of them is a promise that was not checked."""
    complaints = "\n".join(_pytest(folder).complaints())
    assert "test_skip::test_skip: no browser" in complaints
    assert "test_skip::test_xfail: known" in complaints
    assert "test_module" in complaints


def test_reasons_are_counted_for_people(folder: Path) -> None:
    """Without --all the summary says what was left out and why."""
    assert "1 × no browser" in _pytest(folder, "test_skip.py").reasons()


def test_deselected_tests_are_noticed(folder: Path) -> None:
    """A forgotten -k in the configuration would hide most of the suite."""
    seen = _pytest(folder, "test_good.py", "-k", "good and not other")
    assert seen.complaints() == ("left out: 1 deselected",)
    assert seen.complaints(may_deselect=True) == ()


def test_a_run_without_tests_is_not_complete(tmp_path: Path) -> None:
    """An empty folder passes everything."""
    assert "no test ran" in _pytest(tmp_path).complaints()


def test_a_run_without_a_report_is_not_complete(tmp_path: Path) -> None:
    """A crash of pytest itself."""
    seen = report.read(tmp_path / "missing.xml", "Segmentation fault")
    assert seen.complaints() == ("no test ran",)


def test_the_closing_line_is_found_among_colours(tmp_path: Path) -> None:
    """On a terminal pytest writes in colour."""
    output = "\x1b[32m===== \x1b[32m\x1b[1m12 passed\x1b[0m\x1b[32m in 3.21s\x1b[0m =====\n"
    assert report.read(tmp_path / "none", output).closing_line == "===== 12 passed in 3.21s ====="


def _pytest(folder: Path, *arguments: str) -> Report:
    junit_file = folder / "report.xml"
    finished = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--rootdir", folder, "-c", "/dev/null"),
            *("-p", "no:django", "-p", "no:cacheprovider", f"--junitxml={junit_file}"),
            *(arguments or (".",)),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return report.read(junit_file, finished.stdout)
