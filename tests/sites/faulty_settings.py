"""The example site with ``faulty.py`` as its routing."""

from example.settings import *  # noqa: F403
from example.settings import env

WS_SERVICE = {
    "ROUTING": "tests.sites.faulty",
    "MIDDLEWARE": ["tests.sites.faulty.TenantMiddleware", "tests.sites.faulty.audit"],
}
if slow_backend := env.str("SLOW_BACKEND", ""):
    AUTHENTICATION_BACKENDS = [slow_backend]
