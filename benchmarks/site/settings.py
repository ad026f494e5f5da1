"""The same small site with this service: what the textbook's settings have, and WS_SERVICE."""

import os

SECRET_KEY = "insecure-key-of-a-benchmark"  # noqa: S105 - nothing is signed with it
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "channels",
    "ws_service",
]
# A folder in which `policies` makes trouble; nobody else has a database worth the name.
BENCH_FOLDER = os.environ.get("BENCH_FOLDER", "")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": f"{BENCH_FOLDER}/database/site.sqlite3" if BENCH_FOLDER else ":memory:",
    }
}
USE_TZ = True
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": os.environ["REDIS_URL"], "socket_timeout": 15}]},
    }
}
WS_SERVICE = {"ROUTING": "benchmarks.site.routing", "REDIS_URL": os.environ["REDIS_URL"]}
