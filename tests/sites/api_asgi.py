"""The application of ``api_settings``, by its path."""

import django

django.setup()

from ws_service import get_websocket_application  # noqa: E402

application = get_websocket_application()
