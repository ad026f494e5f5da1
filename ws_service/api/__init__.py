"""Publishing over HTTP, for whoever is no Django: Centrifugo's server API.

listener     the thread that serves it, beside the WebSockets
application  from an HTTP request to a method and back
key          who may
requests     what the methods are asked
methods      what they do
batch        several in one request
errors       what goes wrong, in the codes that clients of this API know
"""

from ws_service.api.application import Api
from ws_service.api.listener import ApiListener

__all__ = ["Api", "ApiListener"]
