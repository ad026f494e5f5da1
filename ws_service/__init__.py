"""Real-time push for an existing Django site, from one more container.

The public names are the ones listed in ``__all__``; everything else may change. They are
imported on first use, because three very different processes import this package: the web
container (no server code), the probe (no Django) and the service itself.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ws_service.application import get_websocket_application as get_websocket_application
    from ws_service.broker.position import Position as Position
    from ws_service.node import node_id as node_id
    from ws_service.publishing import aposition as aposition
    from ws_service.publishing import apublish as apublish
    from ws_service.publishing import apublish_many as apublish_many
    from ws_service.publishing import position as position
    from ws_service.publishing import publish as publish
    from ws_service.publishing import publish_many as publish_many
    from ws_service.topics import History as History
    from ws_service.topics import Topic as Topic
    from ws_service.topics import UserTopic as UserTopic
    from ws_service.topics import topic as topic
    from ws_service.topics import topic_name as topic_name

__version__ = "0.1.0"
__all__ = [
    "History",
    "Position",
    "Topic",
    "UserTopic",
    "__version__",
    "aposition",
    "apublish",
    "apublish_many",
    "get_websocket_application",
    "node_id",
    "position",
    "publish",
    "publish_many",
    "topic",
    "topic_name",
]

_HOME_OF_NAME = {
    "History": "ws_service.topics",
    "Position": "ws_service.broker.position",
    "Topic": "ws_service.topics",
    "UserTopic": "ws_service.topics",
    "aposition": "ws_service.publishing",
    "apublish": "ws_service.publishing",
    "apublish_many": "ws_service.publishing",
    "get_websocket_application": "ws_service.application",
    "node_id": "ws_service.node",
    "position": "ws_service.publishing",
    "publish": "ws_service.publishing",
    "publish_many": "ws_service.publishing",
    "topic": "ws_service.topics",
    "topic_name": "ws_service.topics",
}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF_NAME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF_NAME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
