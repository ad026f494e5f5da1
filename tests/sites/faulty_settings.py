"""The example site with ``faulty.py`` as its routing."""

from example.settings import *  # noqa: F403
from example.settings import env

WS_SERVICE = {
    "ROUTING": "tests.sites.faulty",
    "MIDDLEWARE": ["tests.sites.faulty.TenantMiddleware", "tests.sites.faulty.audit"],
}
if env.bool("STUCK_BACKEND", default=False):
    AUTHENTICATION_BACKENDS = ["tests.sites.faulty.StuckBackend"]
