"""The official SDKs as they were in November 2025, for the conformance suite: fetched once.

Sites and apps keep an SDK for years: what the service changes must not break the older ones.
`tests/conformance/older/package-lock.json` and `requirements/older-sdk.txt` say which; both stay
in `.dev`, beside the newest ones.
"""

import os
import shutil

from devkit import checkout, job, turns, whole_folder
from devkit.child import Child
from devkit.interruption import Interruption
from devkit.npm_packages import NpmPackages
from devkit.terminal import Terminal
from devkit.virtualenv import PIP

_PACKAGES = NpmPackages(
    checkout.ROOT / "tests" / "conformance" / "older", checkout.STATE / "older-javascript-sdk"
)
JAVASCRIPT = _PACKAGES.package("centrifuge")
"""The folder of the npm package."""

PYTHON = checkout.STATE / "older-python-sdk"
"""A folder for ``PYTHONPATH``: the SDK and what it needs. What is compiled in it is there for
speed, or works with every Python.
"""

_LOCK_FILE = "older-sdk.txt"
_INSTALL_TIMEOUT_S = 300.0


def ensure(python: str | os.PathLike[str], terminal: Terminal, interruption: Interruption) -> None:
    """Make both folders what the lock files say; often they are.

    python: one that has pip.

    Raises:
        Failure: one can't be fetched; the message has the end of npm's or pip's log.
        Interrupted: somebody asked for the end meanwhile.
    """
    with turns.one_at_a_time("older-sdks", "fetches the older SDKs", terminal, interruption):
        if not _PACKAGES.are_fetched():
            name = f"centrifuge {_PACKAGES.locked('centrifuge').version}"
            terminal.step(f"fetching an older JavaScript SDK, {name} (seconds, once)")
            _PACKAGES.fetch(f"fetching {name} with npm", python, terminal, interruption)
        if not _is_installed():
            terminal.step(f"installing requirements/{_LOCK_FILE} (seconds, once)")
            _install(python, interruption)


def _is_installed() -> bool:
    try:
        made_from = (PYTHON / _LOCK_FILE).read_bytes()
    except FileNotFoundError:
        return False
    return made_from == (checkout.REQUIREMENTS / _LOCK_FILE).read_bytes()


def _install(python: str | os.PathLike[str], interruption: Interruption) -> None:
    lock_file = checkout.REQUIREMENTS / _LOCK_FILE
    with whole_folder.made_anew(PYTHON) as making:
        install = ("install", "--require-hashes", "-r", lock_file, "--target", making)
        log = checkout.STATE / "logs" / "older-sdk-pip.log"
        job.run(
            Child("pip", [python, *PIP, *install], log=log),
            interruption,
            timeout_s=_INSTALL_TIMEOUT_S,
            what=f"installing requirements/{_LOCK_FILE}",
        )
        shutil.copyfile(lock_file, making / _LOCK_FILE)
