"""For a site's own tests: who may see what, and what is published to them. No Redis, no service.

capture       what the code under test publishes
communicator  a client of topics
assertions    may this user?
memory        where publications go instead of Redis
hub           how they reach communicators
policies      how the site's own functions are asked
"""

from ws_service.testing.assertions import (
    PushAssertions,
    may_publish,
    may_see_history,
    may_see_presence,
    may_subscribe,
)
from ws_service.testing.capture import Capture, Captured, capture_publications
from ws_service.testing.communicator import Communicator, Disconnected, Refused
from ws_service.testing.hub import NotCapturing

__all__ = [
    "Capture",
    "Captured",
    "Communicator",
    "Disconnected",
    "NotCapturing",
    "PushAssertions",
    "Refused",
    "capture_publications",
    "may_publish",
    "may_see_history",
    "may_see_presence",
    "may_subscribe",
]
