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
    from ws_service.calls import Caller as Caller
    from ws_service.calls import RPCError as RPCError
    from ws_service.calls import rpc as rpc
    from ws_service.node import node_id as node_id
    from ws_service.publishing import ClientInfo as ClientInfo
    from ws_service.publishing import HistoryPage as HistoryPage
    from ws_service.publishing import HistoryPublication as HistoryPublication
    from ws_service.publishing import PresenceStats as PresenceStats
    from ws_service.publishing import adisconnect_user as adisconnect_user
    from ws_service.publishing import aget_history as aget_history
    from ws_service.publishing import aget_presence as aget_presence
    from ws_service.publishing import aget_presence_stats as aget_presence_stats
    from ws_service.publishing import aposition as aposition
    from ws_service.publishing import apublish as apublish
    from ws_service.publishing import apublish_many as apublish_many
    from ws_service.publishing import aunsubscribe_user as aunsubscribe_user
    from ws_service.publishing import disconnect_user as disconnect_user
    from ws_service.publishing import get_history as get_history
    from ws_service.publishing import get_presence as get_presence
    from ws_service.publishing import get_presence_stats as get_presence_stats
    from ws_service.publishing import position as position
    from ws_service.publishing import publish as publish
    from ws_service.publishing import publish_many as publish_many
    from ws_service.publishing import unsubscribe_user as unsubscribe_user
    from ws_service.tokens import aconnection_token as aconnection_token
    from ws_service.tokens import asubscription_token as asubscription_token
    from ws_service.tokens import connection_token as connection_token
    from ws_service.tokens import subscription_token as subscription_token
    from ws_service.topics import History as History
    from ws_service.topics import Topic as Topic
    from ws_service.topics import UserTopic as UserTopic
    from ws_service.topics import topic as topic
    from ws_service.topics import topic_name as topic_name

__version__ = "0.1.0"
__all__ = [
    "Caller",
    "ClientInfo",
    "History",
    "HistoryPage",
    "HistoryPublication",
    "Position",
    "PresenceStats",
    "RPCError",
    "Topic",
    "UserTopic",
    "__version__",
    "aconnection_token",
    "adisconnect_user",
    "aget_history",
    "aget_presence",
    "aget_presence_stats",
    "aposition",
    "apublish",
    "apublish_many",
    "asubscription_token",
    "aunsubscribe_user",
    "connection_token",
    "disconnect_user",
    "get_history",
    "get_presence",
    "get_presence_stats",
    "get_websocket_application",
    "node_id",
    "position",
    "publish",
    "publish_many",
    "rpc",
    "subscription_token",
    "topic",
    "topic_name",
    "unsubscribe_user",
]

_HOME_OF_NAME = {
    "Caller": "ws_service.calls",
    "ClientInfo": "ws_service.publishing",
    "RPCError": "ws_service.calls",
    "History": "ws_service.topics",
    "HistoryPage": "ws_service.publishing",
    "HistoryPublication": "ws_service.publishing",
    "Position": "ws_service.broker.position",
    "PresenceStats": "ws_service.publishing",
    "Topic": "ws_service.topics",
    "UserTopic": "ws_service.topics",
    "aconnection_token": "ws_service.tokens",
    "adisconnect_user": "ws_service.publishing",
    "aget_history": "ws_service.publishing",
    "aget_presence": "ws_service.publishing",
    "aget_presence_stats": "ws_service.publishing",
    "aposition": "ws_service.publishing",
    "apublish": "ws_service.publishing",
    "apublish_many": "ws_service.publishing",
    "asubscription_token": "ws_service.tokens",
    "aunsubscribe_user": "ws_service.publishing",
    "connection_token": "ws_service.tokens",
    "disconnect_user": "ws_service.publishing",
    "get_history": "ws_service.publishing",
    "get_presence": "ws_service.publishing",
    "get_presence_stats": "ws_service.publishing",
    "get_websocket_application": "ws_service.application",
    "node_id": "ws_service.node",
    "position": "ws_service.publishing",
    "publish": "ws_service.publishing",
    "publish_many": "ws_service.publishing",
    "subscription_token": "ws_service.tokens",
    "rpc": "ws_service.calls",
    "topic": "ws_service.topics",
    "topic_name": "ws_service.topics",
    "unsubscribe_user": "ws_service.publishing",
}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF_NAME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF_NAME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
