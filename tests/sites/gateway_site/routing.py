"""The gateway site's topics, and a path that tells how the process is."""

from django.urls import path

from tests.sites.gateway_site.state import tell_state
from tests.sites.gateway_site.topics import (
    BrokenTopic,
    CountedTopic,
    DecoratedTopic,
    FleetingTopic,
    LazyTopic,
    OpenTopic,
    OutageTopic,
    ShallowTopic,
    SlowAsyncTopic,
    SlowTopic,
    UserTopic,
)
from ws_service import Topic, topic

topics = [
    topic("open:<str:name>", OpenTopic),
    topic("shallow:<str:name>", ShallowTopic),
    topic("fleeting:<str:name>", FleetingTopic),
    topic("denied:<str:name>", Topic),
    topic("counted:<str:name>", CountedTopic),
    topic("user", UserTopic),
    topic("broken", BrokenTopic),
    topic("outage", OutageTopic),
    topic("slow", SlowTopic),
    topic("slow-async", SlowAsyncTopic),
    topic("decorated", DecoratedTopic),
    topic("lazy:<slug:key>", LazyTopic),
]
websocket_urlpatterns = [path("ws/state/", tell_state)]
