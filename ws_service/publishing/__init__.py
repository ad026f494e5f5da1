"""Publishing from the site's own code: views, signals, tasks, commands.

payload      data to JSON, once, where it enters
event        what topics over groups make of the site's events
idempotency  by which key a repetition is recognised
broker       the process's client, made on first use
publish      publish(), position() and their async forms
"""

from ws_service.publishing.publish import aposition, apublish, position, publish

__all__ = ["aposition", "apublish", "position", "publish"]
