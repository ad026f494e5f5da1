"""For servers other than ``ws-service serve``."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.site.settings")
django.setup()

from ws_service import get_websocket_application  # noqa: E402

application = get_websocket_application()
