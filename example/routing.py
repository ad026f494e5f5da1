"""What the service beside the site answers: the demonstration consumers and the site's own."""

from django.urls import path

from example.consumers.dashboard import DashboardConsumer
from routing import websocket_urlpatterns as demonstration_urlpatterns

websocket_urlpatterns = [
    *demonstration_urlpatterns,
    path("ws/dashboard/", DashboardConsumer.as_asgi()),
]
