"""The ASGI entry of the WebSocket service: ``daphne asgi:application`` or any ASGI server.

A message's way: server → this application → routing.py → a consumer in consumers/ → the
channel layer in Redis → the consumers of every process, and those of the web container's code
that send to the same groups.
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.production")

# First the app registry, then everything that may import models: consumers, through the
# routing module that the next call imports. The other order ends in AppRegistryNotReady.
django.setup()

from ws_service import get_websocket_application  # noqa: E402

application = get_websocket_application()
