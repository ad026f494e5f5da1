"""The site of the publishing tests."""

from tests.publishing.conftest import connect, store

__all__ = ["connect", "store"]
