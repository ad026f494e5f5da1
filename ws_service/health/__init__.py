"""Can this process do its work? Asked by probes over a WebSocket."""

from typing import Final

HEALTH_PATH: Final = "/ws/health/"
"""Always routed, before any rule of the site. Here for the probe, which imports no more."""
