"""What building and running containers wants of a machine, and what it makes of compose.yaml."""

import os
from pathlib import Path

import pytest

from devkit import checkout
from devkit.containers import images, recipe
from devkit.failure import Failure


def test_every_image_of_compose_yaml_can_be_had_without_a_registry() -> None:
    """One that can't would be noticed when all the others have been built."""
    names = images.names()
    assert "localhost/django-ws-service:latest" in names
    assert "localhost/example-site:latest" in names
    for kind in ("valkey", "postgres", "nginx", "caddy"):
        assert any(f"/{kind}:" in name for name in names)
    assert all(name.split("/")[0] in ("localhost", "docker.io") for name in names)


def test_an_image_without_a_stand_in_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever adds a service to compose.yaml learns what is to do."""
    (tmp_path / "compose.yaml").write_text("services:\n  queue:\n    image: rabbitmq:4\n")
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    with pytest.raises(Failure, match=r"docker\.io/library/rabbitmq:4.*no stand-in for rabbitmq"):
        images.steps()


def test_what_a_machine_lacks_is_named_as_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is built, and all at once."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure) as failure:
        recipe.check()
    for package in ("buildah", "docker.io", "mmdebstrap", "podman", "runc"):
        assert package in failure.value.message


def test_without_root_it_says_what_it_is_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And that a Docker engine of one's own will do."""
    for program in ("buildah", "podman", "runc", "mmdebstrap", "dockerd", "docker", "ip"):
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Failure, match=r"needs root.*docs/containers\.md"):
        recipe.check()
