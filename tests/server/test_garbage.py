"""The collector of a service process."""

import subprocess
import sys

from tests.live import CHECKOUT, bare_environment

SCRIPT = """
import gc, weakref
from ws_service.server import garbage
class Connection: pass
before = Connection()
garbage.settle()
assert gc.get_freeze_count() > 1000, gc.get_freeze_count()
assert gc.get_threshold() == garbage.GENERATIONS
left = Connection()
left.myself = left
gone = weakref.ref(left)
del left
for _ in range(3):
    kept = [[] for _ in range(garbage.GENERATIONS[0] + 1)]
print(gone())
"""


def test_what_connections_leave_behind_is_still_collected() -> None:
    """Rarely is not never: a server that runs for months must not grow."""
    finished = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=CHECKOUT,
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert finished.stdout.strip() == "None"
