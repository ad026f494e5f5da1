"""What building and running containers takes: root, a few Debian packages, a folder."""

import os
import shutil
from pathlib import Path

from devkit import checkout
from devkit.failure import Failure

SCRIPTS = Path(__file__).resolve().parent
FOLDER = checkout.STATE / "containers"

# Programs, and the Debian packages that have them.
_PROGRAMS = {
    "buildah": "buildah",
    "podman": "podman",
    "runc": "runc",  # by name: podman may bring crun, which fails under cgroups in hybrid mode
    "mmdebstrap": "mmdebstrap",
    "dockerd": "docker.io",
    "docker": "docker.io",
    "ip": "iproute2",
}
_STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
"""
# podman asks for a million files and processes, more than root may have in a container itself.
_CONTAINERS = """\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
[network]
network_backend = "netavark"
"""


def check() -> None:
    """See whether this machine can do it.

    Raises:
        Failure: it can't; the message says what is missing.
    """
    missing = sorted({package for name, package in _PROGRAMS.items() if shutil.which(name) is None})
    if missing:
        raise Failure(
            f"to build and run containers, install {' '.join(missing)}"
            " (Debian 12: apt-get install --no-install-recommends); with a Docker engine of your"
            " own, see docs/containers.md"
        )
    if os.geteuid() != 0:
        raise Failure(
            "building and running containers needs root here: network and mount namespaces"
            " and a private Docker engine; with a Docker engine of your own, see docs/containers.md"
        )


def environment() -> dict[str, str]:
    """Give the variables by which buildah and podman keep everything in `.dev/containers`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    storage, containers = FOLDER / "storage.conf", FOLDER / "containers.conf"
    storage.write_text(_STORAGE.format(folder=FOLDER))
    containers.write_text(_CONTAINERS)
    return {"CONTAINERS_STORAGE_CONF": str(storage), "CONTAINERS_CONF": str(containers)}
