"""The virtual environment: made once, made anew after an accident, and clear about what fails."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devkit import checkout, virtualenv
from devkit.failure import Failure
from devkit.interruption import Interruption
from devkit.terminal import Terminal
from devkit.virtualenv import VirtualEnvironment


@pytest.fixture
def interruption() -> Iterator[Interruption]:
    """What a command waits with."""
    with Interruption() as interruption:
        yield interruption


@pytest.fixture
def bare_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose requirements no index can satisfy."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "requirements").mkdir()
    for name in (virtualenv.RUN, virtualenv.TEST):
        (tmp_path / "requirements" / name).write_text(f"ws-no-such==1.0 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    monkeypatch.setattr(checkout, "STATE", tmp_path / ".dev")
    monkeypatch.setattr(checkout, "REQUIREMENTS", tmp_path / "requirements")
    monkeypatch.setattr(checkout, "PYPROJECT", tmp_path / "pyproject.toml")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path


def test_a_half_made_environment_is_made_anew_and_pips_failure_is_shown(
    bare_checkout: Path, interruption: Interruption, capsys: pytest.CaptureFixture[str]
) -> None:
    """One whose making was interrupted, or failed, must not pass for a whole one the next time."""
    venv = VirtualEnvironment(bare_checkout / ".venv")
    unfinished, leftover = venv.folder / ".making", venv.folder / "leftover"
    venv.folder.mkdir()
    unfinished.touch()
    leftover.touch()
    with pytest.raises(Failure, match="pip install failed") as failure:
        venv.ensure(virtualenv.RUN, Terminal(), interruption)
    assert "ws-no-such" in failure.value.log_tail
    assert "making .venv anew\n" in capsys.readouterr().out
    assert not leftover.exists()
    assert unfinished.exists()


def test_a_python_without_venv_gets_the_remedy(
    bare_checkout: Path, interruption: Interruption
) -> None:
    """Debian ships one."""
    incomplete = bare_checkout / "python3"
    incomplete.write_text(
        f'#!/bin/sh\n[ "$3" = "import venv, ensurepip" ] && exit 1\nexec {sys.executable} "$@"\n'
    )
    incomplete.chmod(0o755)
    venv = VirtualEnvironment(bare_checkout / ".venv", interpreter=str(incomplete))
    with pytest.raises(Failure, match=r"no complete venv module .*: .*venv") as failure:
        venv.ensure(virtualenv.RUN, Terminal(), interruption)
    assert "\n" not in failure.value.message
    assert not venv.folder.exists()


def test_an_unchanged_environment_is_left_alone(
    interruption: Interruption, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second start is a matter of a second."""
    venv = VirtualEnvironment(checkout.ROOT / ".venv")
    venv.ensure(virtualenv.RUN, Terminal(), interruption)
    capsys.readouterr()
    venv.ensure(virtualenv.RUN, Terminal(), interruption)
    assert capsys.readouterr().out == ""
