"""`python3 dev.py clean`: back to what git knows, but only for what our tools have made."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from devkit import checkout
from devkit.command_lock import CommandLock
from devkit.terminal import Terminal

_MADE = (
    ".venv",
    ".venv-*",
    ".dev",
    ".hypothesis",
    ".import_linter_cache",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "build",
    "dist",
    "*.egg-info",
    "ws_service/static/ws_service/centrifuge.js*",
)


def clean(terminal: Terminal, *, root: Path = checkout.ROOT) -> int:
    """Say what goes and remove it; gives the exit status.

    Raises:
        Failure: `dev.py run` is at work, or one that builds or runs containers.
    """
    with CommandLock("run", root / ".dev"), CommandLock("containers", root / ".dev"):
        found = [path for pattern in _MADE for path in sorted(root.glob(pattern))]
        caches = list(_caches(root))
        for path in found:
            terminal.step(f"removing {path.relative_to(root)}")
        if caches:
            terminal.step(f"removing {len(caches)} × __pycache__")
        for path in [*found, *caches]:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    stayed = [path for path in found if path.exists()]
    for path in stayed:
        # The images of `dev.py images` are root's.
        terminal.problem(f"{path.relative_to(root)} could not be removed whole: try as root")
    return 1 if stayed else 0


def _caches(root: Path) -> Iterator[Path]:
    for folder, names, _ in os.walk(root):
        if "__pycache__" in names:
            yield Path(folder, "__pycache__")
        names[:] = [name for name in names if not name.startswith((".", "__pycache__"))]
