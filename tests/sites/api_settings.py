"""The push site with an HTTP API, at API_BIND."""

from tests.sites.push_site.settings import *  # noqa: F403
from tests.sites.push_site.settings import WS_SERVICE as PUSH_SERVICE
from tests.sites.push_site.settings import env

WS_SERVICE = PUSH_SERVICE | {
    "API_KEY": env.str("API_KEY", default=None),
    "API_BIND": env.str("API_BIND", default="127.0.0.1:8003"),
}
