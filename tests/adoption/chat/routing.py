from django.urls import path

from chat.consumers import Room

websocket_urlpatterns = [path("ws/room/", Room.as_asgi())]
