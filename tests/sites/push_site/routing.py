"""The push site's topics, and a path that tells what the hub counted."""

from django.conf import settings
from django.urls import path

from tests.sites.push_site import doorbells, sabotage
from tests.sites.push_site.counters import tell_counters
from tests.sites.push_site.topics import (
    DeepTopic,
    FlakyTopic,
    FleetingTopic,
    OpenTopic,
    ShallowTopic,
    UserTopic,
)
from ws_service import Topic, topic
from ws_service.hub import hub

topics = [
    topic("open:<str:name>", OpenTopic, name="open"),
    topic("deep:<str:name>", DeepTopic, name="deep"),
    topic("shallow:<str:name>", ShallowTopic, name="shallow"),
    topic("fleeting:<str:name>", FleetingTopic, name="fleeting"),
    topic("user:<str:name>", UserTopic, name="user"),
    topic("denied:<str:name>", Topic, name="denied"),
    topic("flaky:<slug:flag>", FlakyTopic, name="flaky"),
]
websocket_urlpatterns = [path("ws/counters/", tell_counters)]

# Not in the settings: what is disturbed imports models.
if settings.DOORBELL_FAULTS:
    doorbells.disturb(doorbells.Faults.parse(settings.DOORBELL_FAULTS))
if settings.LINGER is not None:
    hub.LINGER_S = settings.LINGER  # type: ignore[misc]
if settings.SABOTAGE:
    sabotage.SWITCHES[settings.SABOTAGE]()
