"""The push site's topics, and a path that tells what the hub counted."""

from django.conf import settings
from django.urls import path

from tests.sites.push_site import doorbells, methods, sabotage
from tests.sites.push_site.counters import tell_counters
from tests.sites.push_site.hubs import tell_hubs
from tests.sites.push_site.topics import (
    DeepTopic,
    FlakyTopic,
    FleetingTopic,
    InboxTopic,
    LatestTopic,
    LobbyTopic,
    MayflyLatestTopic,
    MayflyTopic,
    OpenTopic,
    OrmTopic,
    RoomTopic,
    ShallowTopic,
    SleepyTopic,
    TeamTopic,
    TightTopic,
    UserTopic,
    VeiledTopic,
)
from ws_service import Topic, rpc, topic
from ws_service.hub import shelf

topics = [
    topic("open:<str:name>", OpenTopic, name="open"),
    topic("deep:<str:name>", DeepTopic, name="deep"),
    topic("shallow:<str:name>", ShallowTopic, name="shallow"),
    topic("mayfly:<str:name>", MayflyTopic, name="mayfly"),
    topic("mayfly-latest:<str:name>", MayflyLatestTopic, name="mayfly-latest"),
    topic("fleeting:<str:name>", FleetingTopic, name="fleeting"),
    topic("user:<str:name>", UserTopic, name="user"),
    topic("denied:<str:name>", Topic, name="denied"),
    topic("flaky:<slug:flag>", FlakyTopic, name="flaky"),
    topic("#<str:user>", InboxTopic, name="inbox"),
    topic("team:<str:initial>", TeamTopic, name="team"),
    topic("latest:<str:name>", LatestTopic, name="latest"),
    topic("room:<str:name>", RoomTopic, name="room"),
    topic("lobby:<str:name>", LobbyTopic, name="lobby"),
    topic("veiled:<str:name>", VeiledTopic, name="veiled"),
    topic("tight:<str:name>", TightTopic, name="tight"),
    topic("sleepy:<str:name>", SleepyTopic, name="sleepy"),
    topic("orm:<str:name>", OrmTopic, name="orm"),
    topic("$sealed:<str:name>", OpenTopic, name="sealed"),
]
rpc_methods = [
    rpc("greet", methods.greet),
    rpc("nothing", methods.nothing),
    rpc("refuse", methods.refuse),
    rpc("hang", methods.hang),
]
websocket_urlpatterns = [path("ws/counters/", tell_counters), path("ws/hubs/", tell_hubs)]

# Not in the settings: what is disturbed imports models.
if settings.DOORBELL_FAULTS:
    doorbells.disturb(doorbells.Faults.parse(settings.DOORBELL_FAULTS))
if settings.LINGER is not None:
    shelf.LINGER_S = settings.LINGER  # type: ignore[misc]
if settings.SABOTAGE:
    sabotage.SWITCHES[settings.SABOTAGE]()
