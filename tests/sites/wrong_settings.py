"""Settings with two mistakes."""

from example.settings import *  # noqa: F403

WS_SERVICE = {"ROUTNG": "example.routing", "ALLOWED_ORIGINS": ["*"]}
