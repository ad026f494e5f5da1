# ruff: noqa: F821
# What the team has added to the settings that `startproject` made.
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1", ".shop.localhost"]
INSTALLED_APPS += ["accounts", "orders"]
TEMPLATES[0]["DIRS"] = [BASE_DIR / "templates"]
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "orders"
STATIC_ROOT = BASE_DIR / "static-files"
# A view that fails says why, also without DEBUG.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
