"""Publishing from the site's own code: views, signals, tasks, commands.

payload      data to JSON, once, where it enters
tags         short texts beside it
event        what topics over groups make of the site's events
idempotency  by which key a repetition is recognised
outgoing     one publication, checked, on its way
broker       by what this process publishes and reads, made on first use
commit       after the transaction, when nobody waits for it any more
publish      publish(), publish_many() and their async forms
history      position() and get_history()
client_info  who somebody is on the other end
presence     get_presence() and get_presence_stats()
control      disconnect_user() and unsubscribe_user()
"""

from ws_service.publishing.client_info import ClientInfo
from ws_service.publishing.control import (
    adisconnect_user,
    aunsubscribe_user,
    disconnect_user,
    unsubscribe_user,
)
from ws_service.publishing.history import (
    HistoryPage,
    HistoryPublication,
    aget_history,
    aposition,
    get_history,
    position,
)
from ws_service.publishing.presence import (
    PresenceStats,
    aget_presence,
    aget_presence_stats,
    get_presence,
    get_presence_stats,
)
from ws_service.publishing.publish import apublish, apublish_many, publish, publish_many

__all__ = [
    "ClientInfo",
    "HistoryPage",
    "HistoryPublication",
    "PresenceStats",
    "adisconnect_user",
    "aget_history",
    "aget_presence",
    "aget_presence_stats",
    "aposition",
    "apublish",
    "apublish_many",
    "aunsubscribe_user",
    "disconnect_user",
    "get_history",
    "get_presence",
    "get_presence_stats",
    "position",
    "publish",
    "publish_many",
    "unsubscribe_user",
]
