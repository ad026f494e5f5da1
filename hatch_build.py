"""What the build of the wheel and the sdist checks: the browser SDK is in its place.

It is fetched, never committed (`devkit/client_sdk.py`); an editable installation goes without it.
"""

import json
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_BUNDLE = Path("ws_service", "static", "ws_service", "centrifuge.js")
_LOCK_FILE = Path("frontend", "package-lock.json")


class BrowserSdkHook(BuildHookInterface[Any]):
    """Stops a build that would publish a library without its browser SDK, or with an old one."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compare the first line of the bundle with the lock file."""
        if version == "editable":
            return
        root = Path(self.root)
        locked = json.loads((root / _LOCK_FILE).read_text())["packages"]["node_modules/centrifuge"]
        wanted = f"/*! centrifuge {locked['version']} {locked['integrity']}"
        try:
            found = (root / _BUNDLE).read_text().partition("\n")[0]
        except FileNotFoundError:
            found = None
        if found != wanted:
            what = "isn't there" if found is None else "is not the locked version"
            self.app.abort(f"{_BUNDLE}, the browser SDK, {what}: run `python3 dev.py sdk` first.")
