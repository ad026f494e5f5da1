"""The chat's consumer, as it was, and a topic over its groups."""

from django.urls import path

from tests.bridge.site.chat import ChatConsumer
from tests.bridge.site.topics import RoomTopic
from ws_service import topic

topics = [topic("room:<str:room>", RoomTopic, name="room", group="chat.<str:room>")]
websocket_urlpatterns = [path("ws/chat/<str:room>/", ChatConsumer.as_asgi())]
