"""The example site with topics of every kind, for the official clients and for faults.

Environment beside the example's: BROKER_URL (the link to the broker; none: REDIS_URL),
PING_INTERVAL, PRESENCE_LEASE, FLAGS (a folder), LINGER (seconds), DOORBELL_FAULTS and SABOTAGE
(empty: nothing is disturbed).
"""

from example.settings import *  # noqa: F403
from example.settings import env

ROOT_URLCONF = "tests.sites.push_site.urls"
WS_SERVICE = {
    "ROUTING": "tests.sites.push_site.routing",
    "ALLOWED_ORIGINS": env.list("WS_SERVICE_ALLOWED_ORIGINS", default=[]),
    "REDIS_URL": env.str("BROKER_URL", default=None),
    "PING_INTERVAL": env.float("PING_INTERVAL", default=25.0),
    "PRESENCE_LEASE": env.float("PRESENCE_LEASE", default=15.0),
}
# A folder in which a test raises flags: `flaky:a` may be subscribed to once FLAGS/a exists.
FLAGS = env.str("FLAGS", default="")
# How long the hub keeps a topic without subscribers; short, so that it often begins anew.
LINGER = env.float("LINGER", default=None)
# "seed=7 drop=0.03 duplicate=0.05 delay=0.05": probabilities for each doorbell.
DOORBELL_FAULTS = env.str("DOORBELL_FAULTS", default="")
# One mechanism to switch off, so that a test can see that it is needed.
SABOTAGE = env.str("SABOTAGE", default="")
