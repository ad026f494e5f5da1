"""Other Pythons: only those that run count."""

import sys
from pathlib import Path

import pytest

from devkit import interpreters
from devkit.failure import Failure


def test_this_python_is_found_by_its_path() -> None:
    """`--python` takes any path."""
    found = interpreters.named(sys.executable)
    assert found.version == sys.version_info[:3]


def test_a_stand_in_that_does_not_run_is_no_python(tmp_path: Path) -> None:
    """pyenv puts one on the path for each version, switched on or not."""
    stand_in = tmp_path / "python3.12"
    stand_in.write_text("#!/bin/sh\necho 'pyenv: python3.12: command not found' >&2\nexit 127\n")
    stand_in.chmod(0o755)
    assert interpreters.ask(stand_in) is None
    with pytest.raises(Failure, match="no Python that runs"):
        interpreters.named(str(stand_in))


def test_the_others_are_found_or_named_as_missing() -> None:
    """Nobody should think that a version was tested that isn't there."""
    here = "{}.{}".format(*sys.version_info[:2])
    found, missing = interpreters.find(besides=here)
    assert sorted([here, *missing, *(other.series for other in found)]) == sorted(
        interpreters.SUPPORTED
    )


def test_the_one_in_python_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """PYTHON is how continuous integration names its interpreter."""
    monkeypatch.setenv("PYTHON", sys.executable)
    found, _ = interpreters.find(besides="3.0")
    assert sys.executable in [other.path for other in found]
