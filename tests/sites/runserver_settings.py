"""The example site as a Channels tutorial sets it up: ``runserver`` is Daphne."""

from example.settings import *  # noqa: F403
from example.settings import INSTALLED_APPS as SITE_APPS

INSTALLED_APPS = ["daphne", *SITE_APPS]
ASGI_APPLICATION = "example.asgi.application"
