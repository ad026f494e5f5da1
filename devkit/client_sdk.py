"""The browser SDK, `centrifuge` from npm: fetched once, put beside the library's static files.

`frontend/package-lock.json` says which; npm compares what it gets with the hashes there. The whole
package stays in `.dev/frontend`, for whoever wants to import it in Node.js. Neither is committed.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from devkit import checkout, environment, job, node, turns, whole_folder
from devkit.child import Child
from devkit.interruption import Interruption
from devkit.terminal import Terminal

PACKAGE = checkout.STATE / "frontend" / "node_modules" / "centrifuge"
_FETCH_TIMEOUT_S = 300.0
_NPM_CI = (
    *("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"),
    # Its own patience with a network that isn't there is minutes.
    *("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"),
)
# The map is four times as large as the file, and a manifest storage refuses a reference to a
# map that isn't there.
_SOURCE_MAP = b"//# sourceMappingURL="


def ensure(python: str | os.PathLike[str], terminal: Terminal, interruption: Interruption) -> None:
    """Make `ws_service/static/ws_service/centrifuge.js` what the lock file says; often it is.

    python: one that has pip, which brings Node.js where the machine has none.

    Raises:
        Failure: it can't be fetched; the message has the end of npm's or pip's log.
        Interrupted: somebody asked for the end meanwhile.
    """
    with turns.one_at_a_time("client-sdk", "fetches the browser SDK", terminal, interruption):
        if not _is_fetched():
            _fetch(python, terminal, interruption)
        bundle = _bundle()
        target = checkout.ROOT / "ws_service" / "static" / "ws_service" / "centrifuge.js"
        if not target.exists() or target.read_bytes() != bundle:
            making = target.with_name(f"{target.name}.making")
            making.write_bytes(bundle)
            making.replace(target)


def _folder() -> Path:
    return checkout.STATE / "frontend"


def _sources() -> list[Path]:
    return [checkout.ROOT / "frontend" / name for name in ("package.json", "package-lock.json")]


def _is_fetched() -> bool:
    try:
        return all(
            (_folder() / source.name).read_bytes() == source.read_bytes() for source in _sources()
        )
    except FileNotFoundError:
        return False


def _fetch(python: str | os.PathLike[str], terminal: Terminal, interruption: Interruption) -> None:
    npm = node.ensure(python, terminal, interruption).npm
    name = f"centrifuge {_locked('centrifuge').version}"
    terminal.step(f"fetching the browser SDK, {name} (seconds, once)")
    with whole_folder.made_anew(_folder()) as making:
        for source in _sources():
            shutil.copyfile(source, making / source.name)
        child = Child(
            "npm",
            [*npm, *_NPM_CI, f"--cache={checkout.STATE / 'npm'}"],
            env=environment.own(),
            cwd=making,
            log=checkout.STATE / "logs" / "npm.log",
        )
        what = f"fetching {name} with npm"
        job.run(child, interruption, timeout_s=_FETCH_TIMEOUT_S, what=what)


@dataclass(frozen=True, slots=True)
class _Locked:
    version: str
    integrity: str


def _locked(package: str) -> _Locked:
    lock = json.loads((checkout.ROOT / "frontend" / "package-lock.json").read_text())
    entry = lock["packages"][f"node_modules/{package}"]
    return _Locked(entry["version"], entry["integrity"])


def _bundle() -> bytes:
    """The file for browsers, under the licences of what is in it."""
    packages = _folder() / "node_modules"
    sdk, events = _locked("centrifuge"), _locked("events")
    # hatch_build.py looks for the first line.
    head = (
        f"/*! centrifuge {sdk.version} {sdk.integrity}\n\n"
        f"{_licence(packages / 'centrifuge')}\n"
        f"events {events.version} is part of it:\n\n"
        f"{_licence(packages / 'events')}*/\n"
    )
    lines = (packages / "centrifuge" / "dist" / "centrifuge.js").read_bytes().splitlines(True)
    return head.encode() + b"".join(line for line in lines if not line.startswith(_SOURCE_MAP))


def _licence(package: Path) -> str:
    return (package / "LICENSE").read_text().strip() + "\n"
