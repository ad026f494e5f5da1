"""The service in a container: everything from the environment, nothing guessed."""

from settings.base import *  # noqa: F403
