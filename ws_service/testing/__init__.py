"""For a site's own tests: who may see what, and what is published to them. No Redis, no service.

capture    what the code under test publishes
memory     where it goes instead of Redis
"""

from ws_service.testing.capture import Capture, Captured, capture_publications

__all__ = ["Capture", "Captured", "capture_publications"]
