"""What every environment shares. The secret key, the sessions, the user model and the channel
layer must be the web container's own: all of them come from the environment.
"""

from typing import Any

from settings import env as environment
from settings.logs import lines_on_stderr

env = environment.read()

DEBUG = False
SECRET_KEY = env["SECRET_KEY"]
SECRET_KEY_FALLBACKS = env["SECRET_KEY_FALLBACKS"]
ALLOWED_HOSTS = env["ALLOWED_HOSTS"]
CSRF_TRUSTED_ORIGINS = env["CSRF_TRUSTED_ORIGINS"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "channels",
    "ws_service",
    "consumers",
    *env["SITE_APPS"],
]

DATABASES = {"default": env["DATABASE_URL"]}
CACHES = {"default": env["CACHE_URL"]}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True

AUTH_USER_MODEL = env["AUTH_USER_MODEL"]
AUTHENTICATION_BACKENDS = env["AUTHENTICATION_BACKENDS"]
SESSION_ENGINE = env["SESSION_ENGINE"]
SESSION_COOKIE_NAME = env["SESSION_COOKIE_NAME"]

# Time-outs are explicit because redis-py 8 gives up on a reply after 5 s, exactly as long as
# the core layer waits for one; and a connection that went silent is noticed by a ping.
CHANNEL_LAYERS: dict[str, Any] = {
    "default": {
        "BACKEND": {
            "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "core": "channels_redis.core.RedisChannelLayer",
        }[env["CHANNEL_LAYER"]],
        "CONFIG": {
            "prefix": env["CHANNEL_LAYER_PREFIX"],
            "hosts": [
                {
                    "address": env["REDIS_URL"],
                    "socket_connect_timeout": 2,
                    "socket_timeout": 15,
                    "health_check_interval": 10,
                }
            ],
        },
    }
}

WS_SERVICE = {
    "ROUTING": "routing",
    "ALLOWED_ORIGINS": env["WS_SERVICE_ALLOWED_ORIGINS"],
    "PREFIX": env["WS_SERVICE_PREFIX"],
    "TOKEN_KEY": env["WS_SERVICE_TOKEN_KEY"],
    "TOKEN_KEY_FALLBACKS": env["WS_SERVICE_TOKEN_KEY_FALLBACKS"],
    "TOKEN_AUDIENCE": env["WS_SERVICE_TOKEN_AUDIENCE"],
    "TOPICS": env["WS_SERVICE_TOPICS"],
    "API_KEY": env["WS_SERVICE_API_KEY"],
    "API_BIND": env["WS_SERVICE_API_BIND"],
}
DEMO_CONSUMERS = env["DEMO_CONSUMERS"]

LOGGING = lines_on_stderr(env["LOG_LEVEL"])
