"""The two Dockerfiles and what goes into their builds, as texts; the images are built elsewhere."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.live import CHECKOUT

DOCKERFILES = ("Dockerfile", "example/Dockerfile")
STAGE = re.compile(r"^# --- .+-$\n(?:#.*\n)*FROM (\S+) AS (\w+)$", re.MULTILINE)
INDEX = re.compile(r"pypi\.org|pythonhosted|npmjs\.(org|com)|ghcr\.io|quay\.io|index-url|registry=")


def stages(dockerfile: str) -> dict[str, str]:
    """The instructions of each stage by its name."""
    _, *pieces = STAGE.split((CHECKOUT / dockerfile).read_text())
    return {
        name: re.sub(r"^#.*\n", "", body, flags=re.MULTILINE).strip()
        for _, name, body in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True)
    }


def test_both_images_get_the_same_wheel_by_the_same_steps() -> None:
    """They are written twice, because each Dockerfile must build alone; not twice differently."""
    gateway, site = (stages(dockerfile) for dockerfile in DOCKERFILES)
    assert list(gateway) == list(site) == ["wheel", "packages", "runtime"]
    assert gateway["wheel"] == site["wheel"]
    assert gateway["packages"].replace("service.txt", "site.txt") == site["packages"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_whatever_is_installed_is_locked_with_its_hash(dockerfile: str) -> None:
    """A build of next year gets the packages of today, or fails."""
    text = (CHECKOUT / dockerfile).read_text().replace("\\\n", "")
    installs = re.findall(r"pip\S*(?: --python \S+)? install[^&\n]*", text)
    assert len(installs) == 3
    for install in installs:
        assert "--require-hashes" in install or "--no-deps /wheels/" in install


def test_no_file_that_a_machine_installs_from_names_an_index() -> None:
    """Everybody has an index of their own; what is locked is the same on all."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    named = ("requirements/", "deploy/", ".ci/", "frontend/", "example/Dockerfile")
    files = [name for name in tracked if name.startswith(named) or "/" not in name]
    found = [
        name
        for name in filter(None, files)
        if Path(name).suffix != ".md" and INDEX.search((CHECKOUT / name).read_text())
    ]
    assert found == []
