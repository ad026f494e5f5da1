"""The settings of Channels' tutorial, as far as chatting needs them.

CHANNEL_LAYER is ``core`` or ``pubsub``. The capacity is raised far above its default of 100: the
core layer drops what a channel has beyond it, and all connections of a process share one. So is
the expiry, 60 s by default: on a busy machine the burst takes longer, and what is older is dropped.
"""

import os

SECRET_KEY = "insecure-key-of-a-benchmark"  # noqa: S105 - nothing is signed with it
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "channels",
    "chat",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
USE_TZ = True
ASGI_APPLICATION = "mysite.asgi.application"

# redis-py 8 gives up on a reply after 5 s by default, as long as the core layer waits for one.
_HOST = {"address": os.environ["REDIS_URL"], "socket_timeout": 15}
CHANNEL_LAYERS = {
    "default": {
        "core": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [_HOST], "capacity": 1_000_000, "expiry": 600},
        },
        "pubsub": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [_HOST]},
        },
    }[os.environ["CHANNEL_LAYER"]]
}
ROOT_URLCONF = "mysite.urls"
