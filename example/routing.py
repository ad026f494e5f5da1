"""What the service beside the site answers: the demonstration consumers and the site's own."""

from django.urls import path

from example.consumers.counter import CounterConsumer
from example.consumers.dashboard import DashboardConsumer
from example.counter.topics import CounterTopic
from example.orders.topics import OrderTopic
from routing import websocket_urlpatterns as demonstration_urlpatterns
from ws_service import topic

websocket_urlpatterns = [
    *demonstration_urlpatterns,
    path("ws/counter/", CounterConsumer.as_asgi()),
    path("ws/dashboard/", DashboardConsumer.as_asgi()),
]

topics = [
    topic("counter:<int:number>", CounterTopic, name="counter"),
    topic("orders:<int:pk>", OrderTopic, name="order"),
]
