import logging
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
        _enable_own_loggers()


def _enable_own_loggers() -> None:
    """Undo ``disable_existing_loggers``, which is on where LOGGING doesn't turn it off.

    It disables what was imported before the settings, the server, and spares the rest: half of the
    lines would be lost. A site that wants fewer gives the logger ``ws_service`` a level.
    """
    for name, logger in logging.root.manager.loggerDict.items():
        if f"{name}.".startswith("ws_service.") and isinstance(logger, logging.Logger):
            logger.disabled = False


def _check(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> Sequence[CheckMessage]:
    # Imported when it is asked: it looks at everything that the service has, and a web container's
    # workers, which don't run checks, would each keep that in memory.
    from ws_service.checks import check_everything

    return check_everything()
