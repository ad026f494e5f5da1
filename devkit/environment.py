"""The environment variables that our processes get."""

import os

# Common names that other projects leave in a shell. Here they would mean something else, and
# DATABASE_URL would even migrate a stranger's database.
_FOREIGN = frozenset(
    {
        "ALLOWED_HOSTS",
        "BEHIND_PROXY",
        "CACHE_URL",
        "CSRF_TRUSTED_ORIGINS",
        "DATABASE_URL",
        "DEBUG",
        "DEMO",
        "DJANGO_SETTINGS_MODULE",
        "GUNICORN_CMD_ARGS",
        "LIVE_URL",
        "LOG_LEVEL",
        "MEDIA_ROOT",
        "PUBLISHED_ON",
        "SECRET_KEY",
        "SECURE_COOKIES",
        "VIRTUAL_ENV",
        "WEB_CONCURRENCY",
        "WS_SERVICE_ALLOWED_ORIGINS",
        "WS_SERVICE_BIND",
        "WS_SERVICE_TOKEN_KEY",
    }
)


def own(**extra: str) -> dict[str, str]:
    """Give this process's environment without what other projects left in it, and `extra`."""
    inherited = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    return {**inherited, "PYTHONUNBUFFERED": "1", **extra}
