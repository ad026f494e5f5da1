"""The gateway site's topics, and paths that tell how the process is and hold it up."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models.signals import post_init
from django.dispatch import receiver
from django.urls import path

from tests.sites.gateway_site.gates import keep_gate, wait_at
from tests.sites.gateway_site.state import tell_state
from tests.sites.gateway_site.topics import (
    BrokenTopic,
    CleanedTopic,
    CountedTopic,
    DecoratedTopic,
    FleetingTopic,
    GatedTopic,
    HangingTopic,
    LazyTopic,
    LeavingTopic,
    MineTopic,
    OpenTopic,
    OutageTopic,
    ShallowTopic,
    SlowAsyncTopic,
    SlowTopic,
    TakenTopic,
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
    topic("gated:<str:name>", GatedTopic),
    topic("hanging:<str:name>", HangingTopic),
    topic("taken:<str:name>", TakenTopic),
    topic("cleaned:<str:name>", CleanedTopic),
    topic("leaving", LeavingTopic),
]
websocket_urlpatterns = [path("ws/state/", tell_state), path("ws/gate/<name>/", keep_gate)]


@receiver(post_init, sender=get_user_model())
def wait_at_the_users_gate(**_: Any) -> None:
    """A user has been read from the database, and nobody knows it yet."""
    wait_at("users")


if (grace := getattr(settings, "TOKEN_GRACE", None)) is not None:
    token_life.GRACE_S = grace  # type: ignore[misc]
