"""A network of the tests' own, with the addresses and files that the configurations name.

Ports 80 and 443 are free in it, `172.30.0.0/24` is on its loopback, and `/etc/nginx`, `/srv`,
`/run` and a few more are folders of the test. Nothing outside is changed. Linux and root only.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from devkit.child import Child
from tests.live import CHECKOUT, bare_environment, wait_until

PROGRAMS: Final = ("nginx", "caddy", "ip", "unshare", "nsenter", "setpriv", "curl")
# What lies where for the programs that are started in it, by the folder's name here.
PLACES: Final = {
    "nginx": "/etc/nginx",
    "caddy": "/etc/caddy",
    "srv": "/srv",
    "run": "/run",
    "log": "/var/log/nginx",
    "lib": "/var/lib/nginx",
    "hosts": "/etc/hosts",
    "resolv.conf": "/etc/resolv.conf",
    "tmp": "/tmp",  # the last: the folders themselves are below it
}
# An address of this network that no interface has answers nothing at all: the route leads its
# packets to the loopback, where nobody takes them. A checkout below one of the places, in /tmp for
# instance, is put back to where it was.
_MAKE: Final = """
ip link set lo up
ip route add 172.30.0.0/24 dev lo
exec 3< "$1"
cd "$2"
shift 2
for place in "$@"; do mount --bind "${place%%=*}" "${place#*=}"; done
if [ ! -e "$checkout/dev.py" ]; then
    mkdir -p "$checkout"
    mount --no-canonicalize --bind /proc/self/fd/3 "$checkout"
fi
touch /run/ready
exec sleep infinity
"""
_CLONE_NEWNET: Final = 0x40000000


def needs() -> None:
    """Skip when this machine can't make such a network; fail when nothing may be skipped."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    reason = ""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        reason = "needs root, for a network of its own"
    elif missing:
        reason = f"not on the path: {', '.join(missing)}"
    elif error := _why_no_namespace():
        reason = f"no namespaces here: {error}"
    if reason and os.environ.get("WS_SERVICE_TEST_ALL") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


def _why_no_namespace() -> str:
    tried = subprocess.run(
        ["unshare", "--net", "--mount", "ip", "link", "set", "lo", "up"],
        capture_output=True,
        text=True,
        timeout=10,
    )
    return "" if tried.returncode == 0 else tried.stderr.strip() or f"status {tried.returncode}"


class Network:
    """Network and mounts, held by a process that sleeps."""

    def __init__(self, folder: Path) -> None:
        """Describe it; `folder` gets the files, in folders named as in `PLACES`."""
        self.folder = folder
        places = [f"{name}={place}" for name, place in PLACES.items()]
        self._holder = Child(
            "network",
            [
                *("unshare", "--net", "--mount", "--propagation", "private"),
                *("sh", "-euc", _MAKE, "sh", str(CHECKOUT), str(folder), *places),
            ],
            env=bare_environment() | {"checkout": str(CHECKOUT)},
            log=folder / "network.log",
        )
        for name in PLACES:
            if "." not in name and name != "hosts":
                self.path(name).mkdir(exist_ok=True)
        self.path("tmp").chmod(0o1777)

    def path(self, name: str) -> Path:
        """A folder or file of `PLACES`, as it is seen from outside."""
        return self.folder / name

    def start(self) -> None:
        self._holder.start()
        ready = self.path("run") / "ready"
        wait_until(lambda: ready.exists() or not self._holder.is_running)
        assert ready.exists(), f"no network:\n{self._holder.tail()}"

    def stop(self) -> None:
        self._holder.kill()

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command that runs another one with this network's files; call it inside."""
        return ["nsenter", f"--mount=/proc/{self._holder.pid}/ns/mnt", "--", *argv]

    @contextmanager
    def inside(self) -> Iterator[None]:
        """This thread, and what it starts, has this network meanwhile."""
        outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            _join(f"/proc/{self._holder.pid}/ns/net")
            try:
                yield
            finally:
                _join(f"/proc/self/fd/{outside}")
        finally:
            os.close(outside)


def _join(namespace: str) -> None:
    """Give this thread another network; Python has no `setns` before 3.12."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(namespace, os.O_RDONLY)
    try:
        if libc.setns(descriptor, _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), namespace)
    finally:
        os.close(descriptor)


def have(address: str) -> None:
    """Let this network have an address; call it inside."""
    subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True, timeout=10)


def lose(address: str) -> None:
    """Make an address a black hole: what is sent there is not even refused."""
    subprocess.run(["ip", "address", "del", f"{address}/32", "dev", "lo"], check=True, timeout=10)
