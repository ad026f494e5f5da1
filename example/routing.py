"""What the service beside the site answers: the demonstration consumers and the site's own."""

from django.urls import path

from example.chat.node import node
from example.chat.topics import ChatTopic, TypingTopic
from example.consumers.counter import CounterConsumer
from example.consumers.dashboard import DashboardConsumer
from example.counter.topics import CounterTopic
from example.device.topics import DeviceTopic
from example.game import rules
from example.game.topics import GameTopic, MovesTopic
from example.orders.topics import OrderTopic
from example.ticker.topics import TickerTopic
from example.whiteboard.topics import BoardTopic, PensTopic
from routing import websocket_urlpatterns as demonstration_urlpatterns
from ws_service import UserTopic, rpc, topic

websocket_urlpatterns = [
    *demonstration_urlpatterns,
    path("ws/counter/", CounterConsumer.as_asgi()),
    path("ws/dashboard/", DashboardConsumer.as_asgi()),
]

topics = [
    topic("counter:<int:number>", CounterTopic, name="counter"),
    topic("orders:<int:pk>", OrderTopic, name="order"),
    topic("#<str:user>", UserTopic, name="user"),
    topic("chat:<slug:room>", ChatTopic, name="chat"),
    topic("typing:<slug:room>", TypingTopic, name="typing"),
    topic("ticker", TickerTopic, name="ticker"),
    topic("board", BoardTopic, name="board"),
    topic("pens", PensTopic, name="pens"),
    topic("game", GameTopic, name="game"),
    topic("moves", MovesTopic, name="moves"),
    topic("devices:<int:pk>", DeviceTopic, name="device"),
]

rpc_methods = [
    rpc("node", node),
    rpc("game.enter", rules.enter),
    rpc("game.catch", rules.catch),
]
