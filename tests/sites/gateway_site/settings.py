"""The example site with a topic for every way in which a policy can go wrong, and low limits."""

from example.settings import *  # noqa: F403
from example.settings import env

ROOT_URLCONF = "tests.sites.push_site.urls"
WS_SERVICE = {
    "ROUTING": "tests.sites.gateway_site.routing",
    "PING_INTERVAL": env.float("PING_INTERVAL", default=25.0),
    "MAX_SUBSCRIPTIONS": 4,
    "MAX_COMMAND_SIZE": 16_384,
    "MAX_MESSAGE_SIZE": 262_144,
    "MAX_PUBLICATION_SIZE": 65_536,
}
