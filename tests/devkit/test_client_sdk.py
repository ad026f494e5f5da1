"""The browser SDK: fetched once, on any machine, and exactly what the lock file says."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devkit import checkout, client_sdk, node
from devkit.failure import Failure
from devkit.interruption import Interruption
from devkit.terminal import Terminal

BUNDLE = Path("ws_service", "static", "ws_service", "centrifuge.js")


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh clone, as far as the SDK is concerned."""
    root = tmp_path / "clone"
    shutil.copytree(checkout.ROOT / "frontend", root / "frontend")
    (root / BUNDLE).parent.mkdir(parents=True)
    monkeypatch.setattr(checkout, "ROOT", root)
    monkeypatch.setattr(checkout, "STATE", root / ".dev")
    yield root
    shutil.rmtree(root)  # Node.js is large, and pytest keeps what a test leaves


def commands(folder: Path, **lines: str) -> str:
    """A PATH that begins with these commands."""
    folder.mkdir()
    for name, line in lines.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name).chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def ensure() -> None:
    with Interruption() as interruption:
        client_sdk.ensure(sys.executable, Terminal(), interruption)


def test_it_is_fetched_where_there_is_no_node_and_left_alone_afterwards(
    clone: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A Django developer's laptop may have none, or a version manager's stand-in for one."""
    stand_in = "echo 'npm: command not found in this version' >&2; exit 127"
    monkeypatch.setenv("PATH", commands(tmp_path / "bin", npm=stand_in, node=stand_in))
    ensure()
    shown = capsys.readouterr().out
    assert "no npm on the path" in shown
    assert "fetching the browser SDK, centrifuge" in shown
    content = (clone / BUNDLE).read_text()
    assert content.startswith("/*! centrifuge 5.")
    assert "globalThis.Centrifuge=" in content
    assert "Centrifugal Labs" in content, "its licence"
    assert "Joyent" in content, "the licence of what is bundled in it"
    assert "sourceMappingURL" not in content
    package = clone / client_sdk.PACKAGE.relative_to(client_sdk.PACKAGE.parents[3])
    assert (package / "build" / "index.mjs").exists()

    (clone / BUNDLE).write_text("tampered with")
    ensure()
    assert (clone / BUNDLE).read_text() == content
    assert capsys.readouterr().out == ""


def test_what_is_not_what_the_lock_file_says_is_refused(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would run in every visitor's browser."""
    use_real_npm(tmp_path, monkeypatch)
    lock = clone / "frontend" / "package-lock.json"
    lock.write_text(lock.read_text().replace("sha512-", "sha512-AAAA"))
    with pytest.raises(Failure, match=r"fetching centrifuge 5\S+ with npm failed") as failure:
        ensure()
    assert "EINTEGRITY" in failure.value.log_tail
    assert not (clone / BUNDLE).exists()


def use_real_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the npm that the real checkout uses on the path; without one, the test gets its own."""
    with monkeypatch.context() as real:
        real.setattr(checkout, "STATE", client_sdk.PACKAGE.parents[2])
        found = node.find()
    if found:
        lines = {"node": found.node, "npm": found.npm}
        texts = {name: f'exec {" ".join(map(str, argv))} "$@"' for name, argv in lines.items()}
        monkeypatch.setenv("PATH", commands(tmp_path / "bin", **texts))
