"""The browser SDK, `centrifuge` from npm: fetched once, put beside the library's static files.

`frontend/package-lock.json` says which. The whole package stays in `.dev/frontend`, for whoever
wants to import it in Node.js. Neither is committed.
"""

import os
from pathlib import Path

from devkit import checkout, turns
from devkit.interruption import Interruption
from devkit.npm_packages import NpmPackages
from devkit.terminal import Terminal

PACKAGE = checkout.STATE / "frontend" / "node_modules" / "centrifuge"
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
    packages = NpmPackages(checkout.ROOT / "frontend", checkout.STATE / "frontend")
    with turns.one_at_a_time("client-sdk", "fetches the browser SDK", terminal, interruption):
        if not packages.are_fetched():
            name = f"centrifuge {packages.locked('centrifuge').version}"
            terminal.step(f"fetching the browser SDK, {name} (seconds, once)")
            packages.fetch(f"fetching {name} with npm", python, terminal, interruption)
        bundle = _bundle(packages)
        target = checkout.ROOT / "ws_service" / "static" / "ws_service" / "centrifuge.js"
        if not target.exists() or target.read_bytes() != bundle:
            making = target.with_name(f"{target.name}.making")
            making.write_bytes(bundle)
            making.replace(target)


def _bundle(packages: NpmPackages) -> bytes:
    """The file for browsers, under the licences of what is in it."""
    sdk, events = packages.locked("centrifuge"), packages.locked("events")
    # hatch_build.py looks for the first line.
    head = (
        f"/*! centrifuge {sdk.version} {sdk.integrity}\n\n"
        f"{_licence(packages.package('centrifuge'))}\n"
        f"events {events.version} is part of it:\n\n"
        f"{_licence(packages.package('events'))}*/\n"
    )
    source = packages.package("centrifuge") / "dist" / "centrifuge.js"
    lines = source.read_bytes().splitlines(True)
    return head.encode() + b"".join(line for line in lines if not line.startswith(_SOURCE_MAP))


def _licence(package: Path) -> str:
    return (package / "LICENSE").read_text().strip() + "\n"
