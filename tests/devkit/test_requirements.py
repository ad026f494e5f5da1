"""The lock files: complete, consistent, and from nowhere in particular."""

import re

import pytest

from devkit.checkout import REQUIREMENTS
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
    assert len(entries) > 5
    assert [entry for entry in entries if not _PIN.match(entry)] == []
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize(("small", "large"), [("service", "run"), ("run", "test")])
def test_each_lock_file_contains_the_smaller_one(small: str, large: str) -> None:
    """The image runs the versions that were tested."""
    pins = [
        set(_PIN.findall((REQUIREMENTS / f"{name}.txt").read_text())) for name in (small, large)
    ]
    assert pins[0] <= pins[1]
