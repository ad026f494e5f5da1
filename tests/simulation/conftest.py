"""What simulated runs leave behind is gone before another test."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def clean_up() -> Iterator[None]:
    """Connections that were silenced are open when a run ends."""
    yield
    gc.collect()
