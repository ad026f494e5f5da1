from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, register

TAG = "ws_service"


class WsServiceConfig(AppConfig):
    """The library as a Django app, installed in both containers."""

    name = "ws_service"
    verbose_name = "WebSocket service"

    def ready(self) -> None:
        register(_check, TAG)


def _check(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> Sequence[CheckMessage]:
    # Imported when it is asked: it looks at everything that the service has, and a web container's
    # workers, which don't run checks, would each keep that in memory.
    from ws_service.checks import check_everything

    return check_everything()
