"""What the web container loads when it names a layer of ours."""

import subprocess
import sys

from tests.live import CHECKOUT, bare_environment

SCRIPT = """
import sys
import ws_service.layers
print(*sorted(sys.modules))
"""


def test_the_web_container_loads_no_server_for_a_layer() -> None:
    """Every Gunicorn and Celery worker imports the class, also without the extra [server]."""
    loaded = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=bare_environment(),
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    ).stdout.split()
    parts = {".".join(name.split(".")[:2]) for name in loaded}
    server = {f"ws_service.{name}" for name in ("hub", "gateway", "application", "server", "cli")}
    assert not parts & {*server, "daphne", "twisted", "autobahn"}
