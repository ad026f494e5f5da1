"""For servers that want a module; the settings come from the environment."""

import django

django.setup()

from ws_service import get_websocket_application  # noqa: E402

application = get_websocket_application()
