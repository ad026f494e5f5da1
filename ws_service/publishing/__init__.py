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
control      disconnect_user() and unsubscribe_user()
"""

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
from ws_service.publishing.publish import apublish, apublish_many, publish, publish_many

__all__ = [
    "HistoryPage",
    "HistoryPublication",
    "adisconnect_user",
    "aget_history",
    "aposition",
    "apublish",
    "apublish_many",
    "aunsubscribe_user",
    "disconnect_user",
    "get_history",
    "position",
    "publish",
    "publish_many",
    "unsubscribe_user",
]
