"""What is served, like a urls.py: consumers by path, and topics, which clients subscribe to.

``ws/health/`` is there without an entry, and ``/connection/websocket`` where there are topics.
"""

from django.conf import settings
from django.urls import path

from consumers.binary import BinaryConsumer
from consumers.chat import ChatConsumer
from consumers.index import IndexConsumer
from consumers.json import JsonConsumer
from consumers.sync import SyncConsumer

# Shown in development; in production only with DEMO_CONSUMERS=true.
demo_urlpatterns = [
    path("ws/index/", IndexConsumer.as_asgi(), name="index"),
    path("ws/chat/", ChatConsumer.as_asgi(), {"room": "general"}, name="chat"),
    path("ws/chat/<path:room>/", ChatConsumer.as_asgi(), name="chat-room"),
    path("ws/json/", JsonConsumer.as_asgi(), name="json"),
    path("ws/sync/", SyncConsumer.as_asgi(), name="sync"),
    path("ws/binary/", BinaryConsumer.as_asgi(), name="binary"),
]

websocket_urlpatterns = [
    # Your own go here: path("ws/orders/<int:pk>/", OrderConsumer.as_asgi()),
    *(demo_urlpatterns if settings.DEMO_CONSUMERS else []),
]

topics = [
    # Your own go here: topic("orders:<int:pk>", OrderTopic, name="order"), both from ws_service.
]
