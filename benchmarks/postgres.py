"""A PostgreSQL of our own on loopback, for what a replica asks of a real database."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final, Self

import psycopg

from devkit import ports
from devkit.child import Child

NAME: Final = "site"
USER: Final = "site"
OBSERVER: Final = "bench"
"""As what this process itself is connected."""
START_LIMIT_S: Final = 30.0
_POLL_INTERVAL_S: Final = 0.05
# Where Debian has the programs that its wrappers call.
_DEBIAN: Final = "usr/lib/postgresql/*/bin"


class NoPostgres(Exception):
    """There is no initdb on this machine, or the server didn't come up."""


class Postgres:
    """A server process with an empty database, which trusts whoever asks on loopback."""

    def __init__(self, log: Path) -> None:
        """Raises NoPostgres."""
        self.port = ports.free_port()
        self._log = log
        self._programs = _programs()
        # Not in the checkout, which may be in a folder that nobody but its owner may enter.
        self._folder = tempfile.TemporaryDirectory(prefix="bench-postgres-")

    @property
    def url(self) -> str:
        return f"postgres://{USER}@127.0.0.1:{self.port}/{NAME}"

    def __enter__(self) -> Self:
        """Start it. Raises NoPostgres."""
        as_nobody = _as_nobody(self._folder.name)
        data = Path(self._folder.name) / "data"
        made = subprocess.run(  # noqa: S603
            [
                *(*as_nobody, self._programs / "initdb", "--pgdata", data),
                *("--username", USER, "--auth", "trust", "--no-sync"),
            ],
            check=False,
            capture_output=True,
            text=True,
            timeout=START_LIMIT_S,
        )
        if made.returncode:
            raise NoPostgres(f"initdb failed: {made.stderr[-500:]}")
        self._child = Child(
            "postgres",
            [
                *(*as_nobody, self._programs / "postgres", "-D", data, "-p", str(self.port)),
                *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
                *("-c", "fsync=off"),
            ],
            log=self._log,
        )
        self._child.start()
        try:
            self._create_database()
        except BaseException:
            self._child.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stop()
        self._folder.cleanup()

    def connect(self, database: str = NAME) -> psycopg.Connection:
        """A connection of the caller's own."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            dbname=database,
            application_name=OBSERVER,
            autocommit=True,
        )

    def _create_database(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                with self.connect("postgres") as connection:
                    connection.execute(f"CREATE DATABASE {NAME}")
            except psycopg.OperationalError as error:
                if not self._child.is_running or time.monotonic() > deadline:
                    raise NoPostgres(self._child.tail()) from error
                time.sleep(_POLL_INTERVAL_S)
            else:
                return


def _programs() -> Path:
    """The folder of initdb and postgres. Raises NoPostgres."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/").glob(_DEBIAN))
    if not folders:
        raise NoPostgres("no PostgreSQL here: install Debian's postgresql, or put initdb on PATH")
    return folders[-1]


def _as_nobody(folder: str) -> list[str]:
    """What a command of root's begins with: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    ids = [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    return ["setpriv", *ids, "--"]
