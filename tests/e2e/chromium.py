"""The Chromium of the machine, and how it is started."""

import os
import shutil

import pytest
from playwright.sync_api import Browser, BrowserType

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# No sandbox: containers that run as root have none to offer. The rest keeps the browser from
# talking to its maker, so that every request seen is one of the page's.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


def find() -> str | None:
    """The path of a Chromium or Chrome, None when the machine has none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def find_or_skip() -> str:
    """Skip the test when there is no browser; fail instead when nothing may be skipped."""
    if path := find():
        return path
    reason = f"no browser on the path ({', '.join(NAMES)}): install the package chromium"
    if os.environ.get("WS_SERVICE_TEST_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def launch(chromium: BrowserType, path: str) -> Browser:
    """Start a browser process of its own, with its own cookies."""
    return chromium.launch(executable_path=path, args=list(ARGUMENTS))
