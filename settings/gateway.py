"""The service without the site's code: topics from a file, users by the tokens that they bring.

    DJANGO_SETTINGS_MODULE=settings.gateway ws-service serve

Redis, a key for tokens and a ``topics.toml`` are all it needs: no secret key, no database, no
sessions, and so no cookie says who somebody is.
"""

from settings import env as environment
from settings.logs import lines_on_stderr

env = environment.read(environment.GATEWAY)

DEBUG = False
INSTALLED_APPS = ["ws_service"]
TIME_ZONE = "UTC"
USE_TZ = True

WS_SERVICE = {
    "REDIS_URL": env["REDIS_URL"],
    "PREFIX": env["WS_SERVICE_PREFIX"],
    "TOPICS": env["WS_SERVICE_TOPICS"],
    "TOKEN_KEY": env["WS_SERVICE_TOKEN_KEY"],
    "TOKEN_KEY_FALLBACKS": env["WS_SERVICE_TOKEN_KEY_FALLBACKS"],
    "TOKEN_AUDIENCE": env["WS_SERVICE_TOKEN_AUDIENCE"],
    "ALLOWED_ORIGINS": env["WS_SERVICE_ALLOWED_ORIGINS"],
    "API_KEY": env["WS_SERVICE_API_KEY"],
    "API_BIND": env["WS_SERVICE_API_BIND"],
}

LOGGING = lines_on_stderr(env["LOG_LEVEL"])
