"""Settings of the site. The service beside it is started with this same module.

Environment (all optional while DEBUG is on): SECRET_KEY, DEBUG, ALLOWED_HOSTS, PUBLISHED_ON,
DATABASE_URL, REDIS_URL, CACHE_URL, MEDIA_ROOT, CHANNEL_LAYER, WS_SERVICE_ALLOWED_ORIGINS,
WS_SERVICE_TOKEN_KEY, LIVE_URL, BEHIND_PROXY, SECURE_COOKIES, DEMO, LOG_LEVEL; and DEMO_CONTROL with
DEMO_ACTIONS, which dev.py sets for the buttons of the front page, and DEVICE_KEY, which it gives to
the sensor of the device page. compose.yaml has a deployment's.
"""

from pathlib import Path

from environs import Env, validate

from example.exposure import is_loopback_only, refuse_what_everybody_knows

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / ".dev"

env = Env()

DEBUG = env.bool("DEBUG", default=True)
if DEBUG:
    SECRET_KEY = env.str(
        "SECRET_KEY", default="insecure-development-key-shared-with-the-example-site"
    )
else:
    SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
# At which of the machine's addresses a proxy listens for it, where that is known: a client writes
# the Host header as it likes, so names alone keep nobody out.
PUBLISHED_ON = env.list("PUBLISHED_ON", default=[])
_IS_PUBLIC = not DEBUG and not is_loopback_only([*ALLOWED_HOSTS, *PUBLISHED_ON])
# Users with a well-known password, one-click logins, and the commands that make them.
DEMO = env.bool("DEMO", default=DEBUG)

INSTALLED_APPS = [
    "example.accounts",
    "example.chat",
    "example.counter",
    "example.device",
    "example.game",
    "example.notifications",
    "example.orders",
    "example.pages",
    "example.ticker",
    "example.whiteboard",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "ws_service",
    "consumers",
]

MIDDLEWARE = [
    "example.pages.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "example.pages.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "example.accounts.first_visit.FirstVisitMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "example.urls"
WSGI_APPLICATION = "example.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "example.pages.context_processors.live",
                "example.notifications.context_processors.bell",
            ],
        },
    },
]

# --- Data --------------------------------------------------------------------------------

DATABASES = {
    "default": env.dj_db_url("DATABASE_URL", default=f"sqlite:///{DATA / 'example.sqlite3'}")
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Gunicorn's workers, the service and feed_dashboard share the file: readers must not
    # wait for a writer (WAL), and writers take turns instead of failing (IMMEDIATE, time-out).
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    # SQLite makes the file but not its folder, which git leaves out of a fresh clone.
    if Path(DATABASES["default"]["NAME"]).parent == DATA:
        DATA.mkdir(exist_ok=True)
else:
    # Connections are kept between requests, and tried before use: after the database's restart
    # the first visitor must not get the error.
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
# In one process's memory, unless there are several: the game remembers there where players are.
CACHES = {"default": env.dj_cache_url("CACHE_URL", default="locmem://")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People ------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["example.accounts.backends.EmailBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "start"
LOGOUT_REDIRECT_URL = "start"

# --- Cookies and headers -----------------------------------------------------------------

# A browser shares cookies between all ports of a host: under Django's default names, this
# site would log its visitor out of every other Django site on the same machine.
SESSION_COOKIE_NAME = "example_sessionid"
CSRF_COOKIE_NAME = "example_csrftoken"
# Without TLS, as on http://localhost, a browser may keep such cookies to itself.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("SECURE_COOKIES", default=_IS_PUBLIC)
# Only a proxy that overwrites this header makes it true. Without one, every client can write it.
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_COOKIE_HTTPONLY = True  # the pages take the token from their forms
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- Static and media files --------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = ROOT / "build" / "static"
# While developing, Gunicorn serves them from where they are written; otherwise collectstatic.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
# What people upload. The proxy serves it; while developing, a view does.
MEDIA_URL = "media/"
MEDIA_ROOT = env.path("MEDIA_ROOT", default=DATA / "media")

# --- The live part -----------------------------------------------------------------------

_LAYERS = {
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
    "core": "channels_redis.core.RedisChannelLayer",
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": _LAYERS[
            env.str("CHANNEL_LAYER", default="pubsub", validate=validate.OneOf(_LAYERS))
        ],
        "CONFIG": {
            "hosts": [
                {
                    "address": env.str("REDIS_URL", default="redis://127.0.0.1:6379/0"),
                    "socket_connect_timeout": 2,
                    # The core layer waits 5 s for a message inside Redis. redis-py's own
                    # default is 5 s too and closes idle sockets by losing that race.
                    "socket_timeout": 15,
                    "health_check_interval": 10,
                }
            ],
        },
    },
}
# Where the pages find the service: "" is their own address, ":8001" their own host and that
# port, anything else a whole ws:// or wss:// address.
LIVE_URL = env.str(
    "LIVE_URL",
    default=":8001",
    validate=validate.Regexp(
        r"(:\d{1,5}|wss?://[^/?#\s;,]+(/[^?#\s]*)?)?\Z",
        error="LIVE_URL must be empty, a port such as :8001, or start with ws:// or wss://.",
    ),
)

WS_SERVICE = {
    "ROUTING": "example.routing",
    "ALLOWED_ORIGINS": env.list("WS_SERVICE_ALLOWED_ORIGINS", default=[]),
    "CLIENT_URL": LIVE_URL or None,
    # For programs that have a token instead of a cookie; None: derived from SECRET_KEY.
    "TOKEN_KEY": env.str("WS_SERVICE_TOKEN_KEY", default=None) or None,
}
DEMO_CONSUMERS = True
# "Anybody may chat and echo" is what those pages are for.
SILENCED_SYSTEM_CHECKS = ["consumers.W001"]
# The pipe to dev.py, and what may be asked for through it; see example/counter/control.py.
DEMO_CONTROL = env.str("DEMO_CONTROL", default="")
DEMO_ACTIONS = env.list("DEMO_ACTIONS", default=[])
# What the demonstration's sensor shows to the site; see example/device.
DEVICE_KEY = env.str("DEVICE_KEY", default="")

# --- Language, time, log -----------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    # Django's own handlers print only while DEBUG is on; the root handler prints always.
    "loggers": {"django": {"handlers": [], "level": "INFO", "propagate": True}},
}

# --- What must not be in public -----------------------------------------------------------

if _IS_PUBLIC:
    refuse_what_everybody_knows(
        {
            "SECRET_KEY": SECRET_KEY,
            "WS_SERVICE_TOKEN_KEY": WS_SERVICE["TOKEN_KEY"],
            "the password in DATABASE_URL": DATABASES["default"].get("PASSWORD"),
        },
        is_demo=DEMO,
    )
