from django.apps import AppConfig


class WsServiceConfig(AppConfig):
    """The library as a Django app, installed in both containers."""

    name = "ws_service"
    verbose_name = "WebSocket service"

    def ready(self) -> None:
        # Importing the module registers the system checks; it needs the app registry.
        from ws_service import checks  # noqa: F401
