"""Containers for real: ``python3 dev.py containers`` builds the images and starts an engine.

With an engine of your own, and images built by it (docs/containers.md), pytest alone will do.
"""

import os
import subprocess
from collections.abc import Iterator

import pytest

from devkit.containers import images
from tests.deploy.containers.docker import Container, docker
from tests.live import wait_until

VALKEY = "valkey/valkey:8-alpine"


@pytest.fixture(scope="session", autouse=True)
def engine() -> None:
    """A Docker engine that has this project's images."""
    wanted = [image.name for image in images.OWN]
    try:
        asked = subprocess.run(
            ["docker", "image", "inspect", *wanted], capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        asked = None
    if asked is None or asked.returncode != 0:
        if os.environ.get("WS_SERVICE_TEST_ALL") == "1":
            pytest.fail("no Docker engine with the images of this project")
        pytest.skip("no Docker engine with this project's images: python3 dev.py containers")


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    """A network of this module's own, in which containers find each other by name."""
    name = f"test-{os.getpid()}"
    docker("network", "create", name)
    yield name
    docker("network", "rm", name)


@pytest.fixture(scope="module")
def redis(network: str) -> Iterator[str]:
    """A Valkey in that network; gives its address for REDIS_URL."""
    options = ("--network", network, "--network-alias", "redis")
    with Container.run(VALKEY, options=options) as container:
        wait_until(lambda: container.succeeds("valkey-cli", "ping"))
        yield "redis://redis:6379/0"
