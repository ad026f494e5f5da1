"""The packages of one npm lock file, in a folder of their own.

npm compares what it gets with the hashes in the lock file.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from devkit import checkout, environment, job, node, whole_folder
from devkit.child import Child
from devkit.interruption import Interruption
from devkit.terminal import Terminal

_FETCH_TIMEOUT_S = 300.0
_NPM_CI = (
    *("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"),
    # Its own patience with a network that isn't there is minutes.
    *("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"),
)


@dataclass(frozen=True, slots=True)
class Locked:
    """What a lock file says of a package."""

    version: str
    integrity: str


@dataclass(frozen=True, slots=True)
class NpmPackages:
    """source: the folder of `package.json` and `package-lock.json`. folder: where they go."""

    source: Path
    folder: Path

    def package(self, name: str) -> Path:
        """Give the folder of one of them."""
        return self.folder / "node_modules" / name

    def locked(self, name: str) -> Locked:
        """Give the version and the hash of one of them."""
        lock = json.loads((self.source / "package-lock.json").read_text())
        entry = lock["packages"][f"node_modules/{name}"]
        return Locked(entry["version"], entry["integrity"])

    def are_fetched(self) -> bool:
        """Whether they are there, as the lock file says now."""
        try:
            return all(
                (self.folder / source.name).read_bytes() == source.read_bytes()
                for source in self._sources()
            )
        except FileNotFoundError:
            return False

    def fetch(
        self,
        what: str,
        python: str | os.PathLike[str],
        terminal: Terminal,
        interruption: Interruption,
    ) -> None:
        """Fetch them all anew. what: the name of the work. python: as for `node.ensure`.

        Raises:
            Failure: they can't be fetched; the message has the end of npm's or pip's log.
            Interrupted: somebody asked for the end meanwhile.
        """
        npm = node.ensure(python, terminal, interruption).npm
        with whole_folder.made_anew(self.folder) as making:
            for source in self._sources():
                shutil.copyfile(source, making / source.name)
            child = Child(
                "npm",
                [*npm, *_NPM_CI, f"--cache={checkout.STATE / 'npm'}"],
                env=environment.own(),
                cwd=making,
                log=checkout.STATE / "logs" / "npm.log",
            )
            job.run(child, interruption, timeout_s=_FETCH_TIMEOUT_S, what=what)

    def _sources(self) -> list[Path]:
        return [self.source / name for name in ("package.json", "package-lock.json")]
