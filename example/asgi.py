"""The *unified* strategy: one process serves the site's pages and its WebSockets.

``get_asgi_application()`` comes first: it sets Django up, so that the routing, imported by the
next call, may import models. Beside ``example/wsgi.py`` this file is not needed: the *split*
strategy starts ``ws-service serve`` with the site's settings and has no ASGI module at all.
"""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
http_application = get_asgi_application()

from ws_service import get_websocket_application  # noqa: E402

application = ProtocolTypeRouter(
    {"http": http_application, "websocket": get_websocket_application()}
)
