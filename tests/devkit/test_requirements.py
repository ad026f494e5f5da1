"""The lock files: complete, consistent, and from nowhere in particular."""

import json
import re

import pytest

from devkit.checkout import REQUIREMENTS, ROOT
from devkit.requirements import NAMES

_PIN = re.compile(r"^([a-z0-9.-]+)(?:\[[^]]+\])?==([^ ;\\]+)", re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_file_names_no_index_host(name: str) -> None:
    """Everybody installs from the index that they trust."""
    text = (REQUIREMENTS / f"{name}.txt").read_text()
    assert re.findall(r"://|^\s*--(?!hash)\S+|^-\S+", text, re.MULTILINE) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_requirement_is_pinned_with_hashes(name: str) -> None:
    """What is installed is what was tested."""
    text = (REQUIREMENTS / f"{name}.txt").read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 1
    assert [entry for entry in entries if not _PIN.match(entry)] == []
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("node", "older-sdk")])
def test_what_is_locked_is_what_the_tests_use(name: str) -> None:
    """The image runs the versions that were tested."""
    pins, tested = (
        set(_PIN.findall((REQUIREMENTS / f"{name}.txt").read_text())) for name in (name, "test")
    )
    assert pins <= tested


@pytest.mark.parametrize("folder", ["frontend", "tests/conformance/older"])
def test_the_lock_of_an_npm_package_names_no_registry_and_has_every_hash(folder: str) -> None:
    """What a browser runs is what was tested, from the registry that one trusts."""
    text = (ROOT / folder / "package-lock.json").read_text()
    assert "://" not in text
    packages = json.loads(text)["packages"]
    wanted = json.loads((ROOT / folder / "package.json").read_text())["dependencies"]
    assert packages.pop("")["dependencies"] == wanted
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
