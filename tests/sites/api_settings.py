"""The example site with two kinds of topics, and an HTTP API at API_BIND if there is an API_KEY."""

from example.settings import *  # noqa: F403
from example.settings import env

WS_SERVICE = {
    "ROUTING": "tests.sites.api_routing",
    "API_KEY": env.str("API_KEY", default=None),
    "API_BIND": env.str("API_BIND", default="127.0.0.1:8003"),
}
