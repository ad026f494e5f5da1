"""The SDKs of a year ago: fetched once, and really the older ones."""

import json
import subprocess
import sys

import pytest

from devkit import checkout, client_sdk, older_sdks
from devkit.interruption import Interruption
from devkit.terminal import Terminal
from tests.live import bare_environment


def test_what_is_there_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """`dev.py test` has fetched them by now, and needs no network for them from then on."""
    with Interruption() as interruption:
        older_sdks.ensure("/no/such/python", Terminal(), interruption)
    assert capsys.readouterr().out == ""


def test_they_are_older_than_those_that_the_library_serves() -> None:
    """Else the conformance suite would run the same SDK twice."""
    newest, older = (
        json.loads((package / "package.json").read_text())["version"]
        for package in (client_sdk.PACKAGE, older_sdks.JAVASCRIPT)
    )
    assert newest == locked("frontend") != older
    assert older == locked("tests/conformance/older")
    assert imported_from({"PYTHONPATH": str(older_sdks.PYTHON)}).startswith(str(older_sdks.PYTHON))
    assert not imported_from({}).startswith(str(older_sdks.PYTHON))


def locked(folder: str) -> str:
    lock = json.loads((checkout.ROOT / folder / "package-lock.json").read_text())
    version: str = lock["packages"]["node_modules/centrifuge"]["version"]
    return version


def imported_from(environment: dict[str, str]) -> str:
    """The file of the Python SDK that a process with this environment imports."""
    return subprocess.run(
        [sys.executable, "-c", "import centrifuge; print(centrifuge.__file__)"],
        env=bare_environment() | environment,
        cwd=checkout.ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
