"""The example site with a routing that a test writes and changes."""

from example.settings import *  # noqa: F403

WS_SERVICE = {"ROUTING": "reloaded"}
