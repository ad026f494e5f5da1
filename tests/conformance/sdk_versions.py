"""The official SDKs in their newest versions and as they were in November 2025."""

from pathlib import Path

from devkit import client_sdk, older_sdks
from tests.conformance import sdk_process
from tests.conformance.sdk_process import SdkProcess

NEWEST = ("javascript", "python")
OLDER = ("older-javascript", "older-python")


def process(name: str, folder: Path) -> SdkProcess:
    """Clients of one of them; its errors go into the folder."""
    argv = {
        "javascript": sdk_process.javascript(client_sdk.PACKAGE),
        "older-javascript": sdk_process.javascript(older_sdks.JAVASCRIPT),
    }.get(name, sdk_process.python())
    environment = {"PYTHONPATH": str(older_sdks.PYTHON)} if name == "older-python" else {}
    return SdkProcess(name, argv, folder / f"{name}.log", environment)
