"""The reserved topic by which a site tells every service process what to do."""

from datetime import timedelta
from typing import Final

from ws_service.topics.history import History
from ws_service.topics.names import RESERVED_PREFIX

CONTROL_TOPIC: Final = f"{RESERVED_PREFIX}control"
"""Clients can't subscribe to it, sites can't publish to it: the name is no topic's."""

CONTROL_HISTORY: Final = History(size=1_000, ttl=timedelta(hours=1))
"""A process that was cut off for no longer than this misses nothing."""
