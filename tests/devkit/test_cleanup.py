"""`python3 dev.py clean`: only what our tools have made, and not under a running stack."""

from pathlib import Path

import pytest

from devkit import cleanup
from devkit.command_lock import CommandLock
from devkit.failure import Failure
from devkit.terminal import Terminal


def test_what_was_made_goes_and_what_was_written_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody's work is in the same folders."""
    for name in (".venv/bin", ".venv-3.12", "package/__pycache__", ".git/__pycache__", "notes"):
        (tmp_path / name).mkdir(parents=True)
    assert cleanup.clean(Terminal(), root=tmp_path) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [".git", "notes", "package"]
    assert (tmp_path / ".git" / "__pycache__").exists()
    assert not (tmp_path / "package" / "__pycache__").exists()
    assert "removing .venv-3.12" in capsys.readouterr().out


def test_the_fetched_browser_sdk_goes_and_what_is_beside_it_stays(tmp_path: Path) -> None:
    """It lies among the library's own files."""
    static = tmp_path / "ws_service" / "static" / "ws_service"
    static.mkdir(parents=True)
    for name in ("centrifuge.js", "client.js"):
        (static / name).touch()
    assert cleanup.clean(Terminal(), root=tmp_path) == 0
    assert [path.name for path in static.iterdir()] == ["client.js"]


def test_it_stops_while_dev_py_run_is_at_work(tmp_path: Path) -> None:
    """It would pull the database from under it."""
    with (
        CommandLock("run", tmp_path / ".dev"),
        pytest.raises(Failure, match="at work here already"),
    ):
        cleanup.clean(Terminal(), root=tmp_path)
    assert (tmp_path / ".dev").exists()
