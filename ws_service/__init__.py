"""Real-time push for an existing Django site, from one more container.

The public names are the ones listed in ``__all__``; everything else may change. They are
imported on first use, because three very different processes import this package: the web
container (no server code), the probe (no Django) and the service itself.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ws_service.application import get_websocket_application as get_websocket_application
    from ws_service.node import node_id as node_id

__version__ = "0.1.0"
__all__ = ["__version__", "get_websocket_application", "node_id"]

_HOME_OF_NAME = {
    "get_websocket_application": "ws_service.application",
    "node_id": "ws_service.node",
}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF_NAME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF_NAME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
