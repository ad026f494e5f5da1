"""The service beside ``example/``: shares its user model, cookie names, database and key."""

from settings import env as environment

environment.allow_development_defaults()

from settings.base import *  # noqa: E402, F403

DEBUG = True
