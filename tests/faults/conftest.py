"""Storms need the npm package, as the conformance tests do."""

from tests.conformance.conftest import sdk_package

__all__ = ["sdk_package"]
