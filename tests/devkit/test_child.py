"""Children: they end with their group, and with their parent."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from devkit.child import Child
from tests.devkit.waiting import is_gone, wait_for

_ROOT = Path(__file__).resolve().parents[2]

# A parent with a child of its own, which ignores SIGTERM and would live on.
_FAMILY = """
import signal, subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c", '''
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
'''], stdout=subprocess.PIPE)
grandchild.stdout.readline()
{setup}
print(grandchild.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_the_whole_process_group_ends(tmp_path: Path, how: str) -> None:
    """A worker that was left behind would keep its port."""
    child = Child("family", [sys.executable, "-c", _FAMILY.format(setup="")], log=tmp_path / "log")
    grandchild = _start_family(child)
    getattr(child, how)()
    assert child.poll() == (-signal.SIGTERM if how == "stop" else -signal.SIGKILL)
    wait_for("the grandchild's end", lambda: is_gone(grandchild))


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    """Ctrl-C must end everything, whatever hangs."""
    deaf = _FAMILY.format(setup="signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    child = Child("deaf", [sys.executable, "-c", deaf], log=tmp_path / "log")
    grandchild = _start_family(child)
    assert child.stop(timeout_s=0.2) == -signal.SIGKILL
    wait_for("the grandchild's end", lambda: is_gone(grandchild))


def test_a_child_has_a_session_of_its_own(tmp_path: Path) -> None:
    """Ctrl-C in the terminal must reach dev.py only, which stops the parts in order."""
    script = "import os; print(os.getpid() == os.getsid(0) == os.getpgid(0))"
    child = Child("loner", [sys.executable, "-c", script], log=tmp_path / "log").start()
    assert child.wait(30) == 0
    assert child.tail() == "True"


def test_a_command_that_is_missing_is_named_in_the_log(tmp_path: Path) -> None:
    """The log is what people are shown when a part ends."""
    child = Child("missing", [tmp_path / "nothing-here"], log=tmp_path / "log").start()
    assert child.wait(30) == 127
    assert child.tail() == f"cannot start {tmp_path / 'nothing-here'}: No such file or directory"


def test_the_tail_is_of_the_last_start_only(tmp_path: Path) -> None:
    """The words of an earlier life would mislead."""
    script = "import os; print(os.getpid())"
    child = Child("twice", [sys.executable, "-c", script], log=tmp_path / "log")
    for _ in range(2):
        child.start()
        assert child.wait(30) == 0
        assert child.tail() == str(child.pid)


def test_stopping_what_has_ended_or_never_started_is_harmless(tmp_path: Path) -> None:
    """Clean-up code does not know how far things got."""
    child = Child("short", [sys.executable, "-c", ""], log=tmp_path / "log")
    assert child.stop() is None
    child.start()
    assert child.wait(30) == 0
    assert (child.stop(), child.kill()) == (0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    """A killed dev.py must not leave servers behind."""
    script = (
        "import sys, time; from pathlib import Path; from devkit.child import Child;"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(600)'];"
        f"print(Child('x', sleep, log=Path({str(tmp_path / 'log')!r})).start().pid, flush=True);"
        "time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=_ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        # Before its exec it may not have asked the kernel yet; then it notices by itself.
        os.kill(parent.pid, signal.SIGKILL)
    wait_for("the child's end", lambda: is_gone(child))


def _start_family(child: Child) -> int:
    child.start()
    wait_for("the grandchild", child.tail)
    return int(child.tail())
