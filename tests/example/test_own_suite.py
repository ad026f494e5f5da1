"""The example's own suite, as a site's developer runs it."""

import re
import subprocess
import sys
from pathlib import Path

from tests.example.test_site import LIMIT_S, ROOT, site_environment

DOCS = ROOT / "docs" / "testing.md"
SUITE = ROOT / "example" / "orders" / "tests.py"


def test_it_passes_without_redis_and_without_a_service(tmp_path: Path) -> None:
    """``manage.py test`` is all that a site's CI runs; nothing is published, nothing is lost."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "example/manage.py", "test", "example"],
        cwd=ROOT,
        env=site_environment(tmp_path) | {"REDIS_URL": "redis://127.0.0.1:1/0"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert re.search(r"Ran \d+ tests", run.stderr)
    assert "was lost" not in run.stderr + run.stdout


def test_the_docs_show_this_very_suite() -> None:
    """What is shown is what runs."""
    block = r"^```python\n# example/orders/tests\.py\n(.*?)^```"
    (shown,) = re.findall(block, DOCS.read_text(), re.MULTILINE | re.DOTALL)
    assert shown in SUITE.read_text()
