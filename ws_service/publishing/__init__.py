"""Publishing from the site's own code: views, signals, tasks, commands.

payload      data to JSON, once, where it enters
tags         short texts beside it
event        what topics over groups make of the site's events
idempotency  by which key a repetition is recognised
outgoing     one publication, checked, on its way
broker       by what this process publishes and reads, made on first use
commit       after the transaction, when nobody waits for it any more
publish      publish(), publish_many() and their async forms
history      position() and its async form
"""

from ws_service.publishing.history import aposition, position
from ws_service.publishing.publish import apublish, apublish_many, publish, publish_many

__all__ = ["aposition", "apublish", "apublish_many", "position", "publish", "publish_many"]
