"""The one place that reads the environment. Every variable: name, purpose, example, reader.

``read()`` returns all values, or stops the start with one message that lists every missing or
malformed variable. Strict unless a settings module has said that it is for development.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis.asyncio
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError, validate
from marshmallow import ValidationError
from redis.exceptions import RedisError

_env = Env()
_NO_DEFAULT = object()


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable.

    read: a reader of environs, called with the name and, where there is one, the default.
    development: its value in development and tests when it is not set.
    default: its value in production when it is not set; without one it is required.
    """

    name: str
    purpose: str
    example: str
    read: Callable[..., Any]
    development: Any
    default: Any = _NO_DEFAULT


def _redis_url(name: str, *default: str) -> str:
    return _env.str(name, *default, validate=_is_redis_url)


def _is_redis_url(url: str) -> None:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValidationError("starts with redis://, rediss:// or unix://")
    try:
        parts = urlsplit(url)
        is_whole = parts.port != 0 and "#" not in url
        is_whole &= bool(parts.path.strip("/") if parts.scheme == "unix" else parts.hostname)
        # As the channel layer does it: whatever redis-py doesn't take, it would say at each use.
        redis.asyncio.ConnectionPool.from_url(url).make_connection()
    except (ValueError, TypeError, RedisError):
        is_whole = False
    if not is_whole:
        # The errors' own texts would show a part of the password.
        raise ValidationError(
            "scheme://user:password@host:port/database, with / ? # @ : in a password as %2F %3F"
            " %23 %40 %3A"
        )


def _list(name: str, *default: list[str]) -> list[str]:
    return [part.strip() for part in _env.list(name, *default) if part.strip()]


def _secret_key(name: str, *default: str | None) -> str:
    return _env.str(name, *default, validate=validate.Length(min=32))


def _layer(name: str, *default: str) -> str:
    return _env.str(name, *default, validate=validate.OneOf(["pubsub", "core"]))


CHECKOUT = Path(__file__).resolve().parent.parent
DEVELOPMENT_KEY = "insecure-development-key-shared-with-the-example-site"

VARIABLES: Sequence[Variable] = (
    Variable(
        "SECRET_KEY",
        "the site's own key: sessions are signed with it",
        "50 random characters, the same as in the web container",
        _secret_key,
        development=DEVELOPMENT_KEY,
    ),
    Variable(
        "SECRET_KEY_FALLBACKS",
        "the site's earlier keys, while they are being rotated",
        "old-key-1,old-key-2",
        _list,
        development=[],
        default=[],
    ),
    Variable(
        "ALLOWED_HOSTS",
        "host names of the site; a page may connect from the host that it connects to",
        "www.example.com,.example.org",
        _list,
        development=["localhost", "127.0.0.1", "[::1]"],
    ),
    Variable(
        "CSRF_TRUSTED_ORIGINS",
        "other origins that the site trusts",
        "https://*.example.com",
        _list,
        development=[],
        default=[],
    ),
    Variable(
        "WS_SERVICE_ALLOWED_ORIGINS",
        "more origins that may open WebSockets",
        "https://app.example.com",
        _list,
        development=[],
        default=[],
    ),
    Variable(
        "WS_SERVICE_TOKEN_KEY",
        "the key by which tokens are signed",
        "50 random characters, the same wherever tokens are issued",
        _secret_key,
        development=None,
        default=None,
    ),
    Variable(
        "WS_SERVICE_TOKEN_KEY_FALLBACKS",
        "earlier token keys, while they are being rotated",
        "old-key-1,old-key-2",
        _list,
        development=[],
        default=[],
    ),
    Variable(
        "WS_SERVICE_TOKEN_AUDIENCE",
        "what a token's aud must be",
        "ws_service",
        _env.str,
        development="ws_service",
        default="ws_service",
    ),
    Variable(
        "WS_SERVICE_TOPICS",
        "a file with topics, beside those of the routing",
        "/etc/ws-service/topics.toml",
        _env.str,
        development=None,
        default=None,
    ),
    Variable(
        "WS_SERVICE_API_KEY",
        "the key of the HTTP API; without it there is none",
        "32 random characters",
        _env.str,
        development=None,
        default=None,
    ),
    Variable(
        "WS_SERVICE_API_BIND",
        "where the HTTP API listens",
        "127.0.0.1:8003",
        _env.str,
        development="127.0.0.1:8003",
        default="127.0.0.1:8003",
    ),
    Variable(
        "WS_SERVICE_PREFIX",
        "the first part of every key in Redis: sites that share one need one each",
        "shop",
        _env.str,
        development="ws_service",
        default="ws_service",
    ),
    Variable(
        "DATABASE_URL",
        "the site's database: sessions and users are read from it",
        "postgres://user:password@db:5432/site",
        _env.dj_db_url,
        development=f"sqlite:///{CHECKOUT / '.dev' / 'example.sqlite3'}",
    ),
    Variable(
        "REDIS_URL",
        "the Redis of the channel layer, shared with the web container",
        "redis://redis:6379/3, rediss://…, unix:///run/redis.sock?db=3",
        _redis_url,
        development="redis://127.0.0.1:6379/0",
    ),
    Variable(
        "CACHE_URL",
        "the site's cache, if its sessions live there",
        "redis://redis:6379/1",
        _env.dj_cache_url,
        development="locmem://",
        default="locmem://",
    ),
    Variable(
        "CHANNEL_LAYER",
        "pubsub (survives a Redis restart) or core (keeps messages for slow receivers)",
        "pubsub",
        _layer,
        development="pubsub",
        default="pubsub",
    ),
    Variable(
        "CHANNEL_LAYER_PREFIX",
        "the channel layer's prefix in Redis, as in the web container",
        "asgi",
        _env.str,
        development="asgi",
        default="asgi",
    ),
    Variable(
        "SITE_APPS",
        "apps of the site to install here: at least the one with its user model",
        "accounts",
        _list,
        development=["example.accounts"],
        default=[],
    ),
    Variable(
        "AUTH_USER_MODEL",
        "the site's user model",
        "accounts.User",
        _env.str,
        development="accounts.User",
        default="auth.User",
    ),
    Variable(
        "AUTHENTICATION_BACKENDS",
        "the site's authentication back ends",
        "accounts.backends.EmailBackend",
        _list,
        development=["example.accounts.backends.EmailBackend"],
        default=["django.contrib.auth.backends.ModelBackend"],
    ),
    Variable(
        "SESSION_ENGINE",
        "the site's session engine",
        "django.contrib.sessions.backends.cached_db",
        _env.str,
        development="django.contrib.sessions.backends.db",
        default="django.contrib.sessions.backends.db",
    ),
    Variable(
        "SESSION_COOKIE_NAME",
        "the name of the site's session cookie",
        "sessionid",
        _env.str,
        development="example_sessionid",
        default="sessionid",
    ),
    Variable(
        "DEMO_CONSUMERS",
        "route the demonstration consumers (chat, echo, …); ws/health/ is always there",
        "false",
        _env.bool,
        development=True,
        default=False,
    ),
    Variable(
        "LOG_LEVEL",
        "how much is logged",
        "INFO",
        lambda name, *default: _env.str(
            name,
            *default,
            validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]),
        ),
        development="INFO",
        default="INFO",
    ),
)

# What a service without the site's code reads, and what it can't do without.
_GATEWAY_NEEDS = ("REDIS_URL", "WS_SERVICE_TOKEN_KEY", "WS_SERVICE_TOPICS")
_GATEWAY_TAKES = (
    *("WS_SERVICE_TOKEN_KEY_FALLBACKS", "WS_SERVICE_TOKEN_AUDIENCE", "WS_SERVICE_ALLOWED_ORIGINS"),
    *("WS_SERVICE_API_KEY", "WS_SERVICE_API_BIND", "WS_SERVICE_PREFIX", "LOG_LEVEL"),
)
GATEWAY: Sequence[Variable] = tuple(
    replace(variable, default=_NO_DEFAULT) if variable.name in _GATEWAY_NEEDS else variable
    for variable in VARIABLES
    if variable.name in (*_GATEWAY_NEEDS, *_GATEWAY_TAKES)
)


_has_development_defaults = False


def allow_development_defaults() -> None:
    """Let unset variables have their development values: called before ``settings.base``."""
    global _has_development_defaults  # noqa: PLW0603 - one process has one environment
    _has_development_defaults = True


def read(variables: Sequence[Variable] = VARIABLES) -> dict[str, Any]:
    """Read these variables.

    Raises ImproperlyConfigured with all that is missing or malformed: its name, what is wrong,
    its purpose, an example. Values are not repeated: they may be secrets.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for variable in variables:
        default = variable.development if _has_development_defaults else variable.default
        defaults = () if default is _NO_DEFAULT else (default,)
        try:
            values[variable.name] = variable.read(variable.name, *defaults)
            is_empty = default is _NO_DEFAULT and not values[variable.name]
            trouble = "is empty" if is_empty else None
        except EnvError as error:
            trouble = "is not set" if "not set" in str(error) else _what_is_wrong(error)
        if trouble:
            problems.append(
                f"  {variable.name} {trouble}\n"
                f"      {variable.purpose}\n"
                f"      for example: {variable.example}"
            )
    if problems:
        raise ImproperlyConfigured(
            "The environment is incomplete:\n"
            + "\n".join(problems)
            + "\nOn a development machine: DJANGO_SETTINGS_MODULE=settings.development"
        )
    return values


def _what_is_wrong(error: EnvError) -> str:
    """The validator's words without the value."""
    details = getattr(error, "error_messages", None)
    return "is malformed: " + "; ".join(map(str, details)) if details else "is malformed"
