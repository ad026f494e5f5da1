"""The ASGI entry of this repository's own service: ``daphne asgi:application``, or any server.

A message's way: server → the library (may this page connect, and who is it?) → routing.py →
one consumer in consumers/ → the channel layer in Redis → the consumers in every process → their
browsers. The site's own code, in the web container, sends into the same channel layer.
"""

import os

import django

# This project's settings/. A site starts `ws-service serve` with its own, and needs no such file.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.production")

# First the app registry, then everything that may import models: consumers, for example. The
# other order ends in AppRegistryNotReady.
django.setup()

from ws_service import get_websocket_application  # noqa: E402

# Imports the module that settings.WS_SERVICE["ROUTING"] names, here routing.py.
application = get_websocket_application()
