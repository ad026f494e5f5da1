"""The pipe by which the site's page asks `dev.py run` for something."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from devkit.control import Control
from devkit.interruption import Interruption

WAIT_S = 5.0


@pytest.fixture
def interruption() -> Iterator[Interruption]:
    with Interruption() as interruption:
        yield interruption


def ask(path: Path, text: str) -> None:
    """Write as the site does."""
    pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.write(pipe, text.encode())
    os.close(pipe)


def test_a_named_action_is_done_and_anything_else_is_not(
    tmp_path: Path, interruption: Interruption
) -> None:
    """Nothing that is written there can do more than the buttons do."""
    done: list[str] = []
    path = tmp_path / "control"
    with Control(path, {"restart": lambda: done.append("restart")}) as control:
        control.listen(interruption)
        for wish in ("rm -rf\n", "\xff\n", "restart; reboot\n", "restart\n"):
            ask(path, wish)
            interruption.wait(WAIT_S)
    assert done == ["restart"]
    assert not path.exists()


def test_what_comes_while_an_action_is_under_way_is_dropped(
    tmp_path: Path, interruption: Interruption
) -> None:
    """An impatient visitor must not restart the service ten times."""
    done: list[str] = []
    path = tmp_path / "control"

    def act() -> None:
        done.append("restart")
        ask(path, "restart\n")
        interruption.wait(WAIT_S)

    with Control(path, {"restart": act}) as control:
        control.listen(interruption)
        ask(path, "restart\nrestart\n")
        interruption.wait(WAIT_S)
        assert done == ["restart"]
        ask(path, "restart\n")
        interruption.wait(WAIT_S)
    assert done == ["restart", "restart"]


def test_only_this_user_can_write_to_it(tmp_path: Path) -> None:
    """Others on the machine have no business with these processes."""
    with Control(tmp_path / "control", {}):
        assert (tmp_path / "control").stat().st_mode & 0o777 == 0o600
