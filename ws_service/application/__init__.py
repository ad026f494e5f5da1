"""The ASGI application: what a site's ``asgi.py`` calls."""

from ws_service.application.compose import get_websocket_application

__all__ = ["get_websocket_application"]
