"""`python3 dev.py bench`: which measurements there are."""

import subprocess
import sys

from devkit import bench
from tests.devkit.dev_run import ROOT


def test_every_name_is_a_benchmark() -> None:
    """A name that is offered but can't be run would show late: the measurements take minutes."""
    for name in bench.NAMES:
        assert (ROOT / "benchmarks" / f"{name}.py").is_file()


def test_a_name_that_is_none_is_told_before_anything_is_measured() -> None:
    """A slip of the pen costs a second, not a quarter of an hour, and the answer has the names."""
    answer = subprocess.run(
        [sys.executable, "dev.py", "bench", "fanout"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 1
    assert "there is no benchmark fanout: fan_out, publish, publish_many, topics" in answer.stdout
