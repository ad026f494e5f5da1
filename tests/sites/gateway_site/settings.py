"""The example site with a topic for every way in which a policy can go wrong, and low limits.

Environment beside the example's: PING_INTERVAL, TOKEN_GRACE (seconds), WS_SERVICE_LOG_LEVEL.
"""

from example.settings import *  # noqa: F403
from example.settings import LOGGING, env
from tests.sites.gateway_site.keys import TOKEN_KEY

ROOT_URLCONF = "tests.sites.push_site.urls"
WS_SERVICE = {
    "ROUTING": "tests.sites.gateway_site.routing",
    "PING_INTERVAL": env.float("PING_INTERVAL", default=25.0),
    "MAX_SUBSCRIPTIONS": 4,
    "MAX_COMMAND_SIZE": 16_384,
    "MAX_MESSAGE_SIZE": 262_144,
    "MAX_PUBLICATION_SIZE": 65_536,
    "TOKEN_KEY": TOKEN_KEY,
}
# How long a token still counts after its end; short, or tests would wait for it.
TOKEN_GRACE = env.float("TOKEN_GRACE", default=None)
LOGGING["loggers"]["ws_service"] = {"level": env.str("WS_SERVICE_LOG_LEVEL", default="INFO")}
