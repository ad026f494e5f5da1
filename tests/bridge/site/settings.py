"""A site that had a chat over Channels before it had topics.

Environment beside the example's: LAYER (the class of the channel layer), BROKER_URL (the topics'
Redis; none: the layer's).
"""

from copy import deepcopy

from example.settings import *  # noqa: F403
from example.settings import CHANNEL_LAYERS as _LAYERS
from example.settings import env

ROOT_URLCONF = "tests.sites.push_site.urls"
CHANNEL_LAYERS = deepcopy(_LAYERS)
CHANNEL_LAYERS["default"]["BACKEND"] = env.str("LAYER")
WS_SERVICE = {
    "ROUTING": "tests.bridge.site.routing",
    "REDIS_URL": env.str("BROKER_URL", default=None),
    "PUBLISH_TIMEOUT": 1,
}
