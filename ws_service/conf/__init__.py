"""The one reader of Django settings.

options      the keys of WS_SERVICE
site         what the site's own settings say
layer_redis  the Redis of its channel layer
problems     what is wrong with them; django_settings has types, dotted_path what a path names
config       all of it, frozen and typed, for everyone else
"""

from ws_service.conf.config import ServiceConfig, load_config
from ws_service.conf.options import OPTIONS
from ws_service.conf.problems import API_PORT, InvalidSettings, Problem, find_problems
from ws_service.conf.site import channel_layer_settings, installed_apps

__all__ = [
    "API_PORT",
    "OPTIONS",
    "InvalidSettings",
    "Problem",
    "ServiceConfig",
    "channel_layer_settings",
    "find_problems",
    "installed_apps",
    "load_config",
]
