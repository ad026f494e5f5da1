"""From the environment: REDIS_URL, DATABASE_PORT, CONN_MAX_AGE; WITH_PUSH=no is the site before."""

import os

from benchmarks import postgres

SECRET_KEY = "benchmarks only"  # noqa: S105
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",
        "PORT": os.environ["DATABASE_PORT"],
        "NAME": postgres.NAME,
        "USER": postgres.USER,
        "CONN_MAX_AGE": int(os.environ.get("CONN_MAX_AGE", "0")),
    }
}
USE_TZ = True
if os.environ.get("WITH_PUSH") != "no":
    INSTALLED_APPS += ["ws_service"]
    WS_SERVICE = {
        "ROUTING": "benchmarks.cost_site.routing",
        "REDIS_URL": os.environ["REDIS_URL"],
    }
