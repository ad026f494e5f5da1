"""The gateway site's topics, and a path that tells how the process is."""

from django.conf import settings
from django.urls import path

from tests.sites.gateway_site.state import tell_state
from tests.sites.gateway_site.topics import (
    BrokenTopic,
    CountedTopic,
    DecoratedTopic,
    FleetingTopic,
    LazyTopic,
    MineTopic,
    OpenTopic,
    OutageTopic,
    ShallowTopic,
    SlowAsyncTopic,
    SlowTopic,
    UserTopic,
    WatchedTopic,
)
from ws_service import Topic, topic
from ws_service.gateway import token_life

topics = [
    topic("open:<str:name>", OpenTopic),
    topic("shallow:<str:name>", ShallowTopic),
    topic("fleeting:<str:name>", FleetingTopic),
    topic("denied:<str:name>", Topic),
    topic("counted:<str:name>", CountedTopic),
    topic("mine:<str:user>", MineTopic),
    topic("watched:<str:name>", WatchedTopic),
    topic("$sealed:<str:name>", Topic),
    topic("user", UserTopic),
    topic("broken", BrokenTopic),
    topic("outage", OutageTopic),
    topic("slow", SlowTopic),
    topic("slow-async", SlowAsyncTopic),
    topic("decorated", DecoratedTopic),
    topic("lazy:<slug:key>", LazyTopic),
]
websocket_urlpatterns = [path("ws/state/", tell_state)]

if (grace := getattr(settings, "TOKEN_GRACE", None)) is not None:
    token_life.GRACE_S = grace  # type: ignore[misc]
