"""The live pages' topics, rules and views, as a site's own suite tests them: without a service."""

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from ws_service.testing import (
    Communicator,
    Refused,
    capture_publications,
    may_publish,
    may_see_presence,
    may_subscribe,
)

pytestmark = pytest.mark.usefixtures("demo_users")

DOT = {"colour": "red", "size": 10, "points": [800, 600]}


@pytest.fixture(autouse=True)
def _nobody_is_anywhere() -> None:
    cache.clear()


@pytest.fixture
def ada() -> Any:
    from example.accounts.models import User  # after the settings are chosen

    return User.objects.get(name="Ada")


@pytest.fixture
def terrarium(settings: Any) -> Any:
    """The demonstration's device, whose key is "key"."""
    from example.device.models import Device

    settings.DEMO, settings.DEVICE_KEY = True, "key"
    call_command("demo_device", verbosity=0)
    settings.DEMO = False
    return Device.objects.get()


def refusal(client: Communicator, topic: str, data: Any) -> int:
    """The code with which a publication is refused."""
    with capture_publications() as published, pytest.raises(Refused) as refused:
        client.publish(topic, data)
    assert published == []
    return refused.value.code


# --- Chat ---------------------------------------------------------------------------------


def test_everybody_may_look_on_and_only_users_take_part(ada: Any) -> None:
    """Nobody has to log in to see what a page does."""
    for topic in ("typing:lobby", "board", "pens", "moves"):
        assert may_subscribe(None, topic)
        assert may_publish(ada, topic)
        assert not may_publish(None, topic)
    for topic in ("chat:lobby", "board", "game"):
        assert may_see_presence(None, topic)
    assert not may_subscribe(ada, "chat:cellar")


def test_what_is_said_is_saved_and_published(client: Client, ada: Any) -> None:
    """By a view, as everything else that a site saves; a browser can't publish it."""
    client.force_login(ada)
    with capture_publications() as published:
        response = client.post(reverse("say", args=["lobby"]), {"text": "  Hello  "})

    assert response.status_code == 201
    (publication,) = published
    assert (publication.topic, publication.data) == ("chat:lobby", response.json())
    assert publication.data["text"] == "Hello"
    assert publication.data["name"] == "Ada"
    assert "Hello" in client.get(reverse("chat")).content.decode()
    assert not may_publish(ada, "chat:lobby")


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001])
def test_what_can_t_be_said_is_explained(client: Client, ada: Any, text: str) -> None:
    """The text goes back into the box, with a sentence."""
    client.force_login(ada)
    with capture_publications() as published:
        response = client.post(reverse("say", args=["lobby"]), {"text": text})

    assert response.status_code == 400
    assert response.json()["error"]["message"]
    assert published == []


def test_nobody_says_nothing(client: Client) -> None:
    """The page of somebody who was logged out elsewhere is told so."""
    response = client.post(reverse("say", args=["lobby"]), {"text": "Hello"})

    assert response.status_code == 403
    assert "logged out" in response.json()["error"]["message"]


def test_a_typing_mark_carries_nothing_else(ada: Any) -> None:
    """Else it would be a way to talk that no view sees."""
    assert refusal(Communicator(ada), "typing:lobby", {"text": "psst"}) == 107


# --- Notifications ------------------------------------------------------------------------


def test_a_notification_reaches_its_user_s_topic(client: Client, ada: Any) -> None:
    """The page subscribes to nothing: the service does, for its user alone."""
    page = Communicator(ada)
    assert page.subscriptions == {f"#{ada.pk}"}
    with capture_publications():
        call_command("notify", "ADA@example.org", "Your tea is ready", verbosity=0)
    (heard,) = page.received(f"#{ada.pk}")
    assert heard["unread"] == 1
    assert heard["new"]["text"] == "Your tea is ready"

    client.force_login(ada)
    with capture_publications() as published:
        client.post(reverse("read"))
    assert published[0].data == {"unread": 0, "new": None}
    assert not may_subscribe(None, f"#{ada.pk}")


def test_only_the_demonstration_s_people_can_be_notified(
    client: Client, ada: Any, settings: Any
) -> None:
    """And outside of a demonstration nobody but oneself; no list of accounts either."""
    from example.accounts.models import User

    grace = User.objects.get(name="Grace")
    client.force_login(ada)
    for is_demo, status in ((False, 400), (True, 201)):
        settings.DEMO = is_demo
        with capture_publications():
            response = client.post(reverse("notify"), {"user": grace.pk, "text": "Psst"})
        assert response.status_code == status
    with pytest.raises(CommandError, match="There is no nobody@"):
        call_command("notify", "nobody@example.org", "Psst")


# --- Whiteboard ---------------------------------------------------------------------------


def test_a_stroke_is_published_as_it_was_checked(ada: Any) -> None:
    """What is not a part of a stroke stays off the board."""
    with capture_publications() as published:
        Communicator(ada).publish("board", {**DOT, "name": "<b>"})

    assert published[0].data == DOT


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "pink"},
        {"size": 11},
        {"points": []},
        {"points": [1]},
        {"points": [1, 1] * 151},
        {"points": [1600, 1201]},
        {"points": [-1, 0]},
        {"points": [1.5, 2]},
        {"points": [True, True]},
        {"points": "1,2"},
    ],
    ids=str,
)
def test_what_is_no_stroke_is_refused(ada: Any, change: dict[str, Any]) -> None:
    """A client can send anything."""
    assert refusal(Communicator(ada), "board", DOT | change) == 107


def test_a_full_board_fits_into_one_answer() -> None:
    """Who comes back late gets all strokes, however long they are."""
    from example.whiteboard.strokes import MOST_POINTS, clean_stroke
    from example.whiteboard.topics import BoardTopic

    longest = clean_stroke({"colour": "orange", "size": 10, "points": [1111, 1111] * MOST_POINTS})
    assert BoardTopic.max_publication_size
    assert len(json.dumps(longest, separators=(",", ":"))) <= BoardTopic.max_publication_size
    assert BoardTopic.history
    assert BoardTopic.history.size * BoardTopic.max_publication_size < 1_048_576 / 2


# --- Game ---------------------------------------------------------------------------------


def test_who_is_near_enough_catches_the_light(ada: Any) -> None:
    """The browser says where it goes and asks for the light; what counts is the service's."""
    player = Communicator(ada)
    light = player.rpc("game.enter")["light"]
    assert player.rpc("game.catch", light=light["number"]) == {"caught": False}  # is nowhere yet

    with capture_publications() as published:
        player.publish("moves", {"x": light["x"] + 50, "y": light["y"]})
        assert player.rpc("game.catch", light=light["number"] + 1) == {"caught": False}
        assert player.rpc("game.catch", light=light["number"]) == {"caught": True}
        assert player.rpc("game.catch", light=light["number"]) == {"caught": False}

    told = published[-1].data
    assert told["light"]["number"] > light["number"]
    assert [(row["name"], row["score"]) for row in told["scores"]] == [("Ada", 1)]
    assert told["winner"] is None


def test_ten_lights_win_the_round(ada: Any) -> None:
    """And the next one begins with nobody's points."""
    player = Communicator(ada)
    with capture_publications() as published:
        for _ in range(10):
            cache.clear()  # walking there would take a while
            light = player.rpc("game.enter")["light"]
            player.publish("moves", {"x": light["x"], "y": light["y"]})
            assert player.rpc("game.catch", light=light["number"]) == {"caught": True}

    told = published[-1].data
    assert told["winner"]["name"] == "Ada"
    assert (told["round"], told["scores"]) == (2, [])


@pytest.mark.parametrize("data", [{"x": 561, "y": 500}, {"x": -1, "y": 0}, {"x": "1"}, None, []])
def test_nobody_leaps_or_leaves_the_field(ada: Any, data: Any) -> None:
    """Whatever their browser says."""
    player = Communicator(ada)
    with capture_publications():
        player.publish("moves", {"x": 500, "y": 500})

    assert refusal(player, "moves", data) == 107


def test_who_looks_on_catches_nothing() -> None:
    """The rules ask who is calling."""
    onlooker = Communicator(None)
    light = onlooker.rpc("game.enter")["light"]
    with pytest.raises(Refused) as refused:
        onlooker.rpc("game.catch", light=light["number"])
    assert refused.value.code == 103


# --- Device -------------------------------------------------------------------------------


def test_a_device_gets_a_token_for_its_key_and_reports(client: Client, terrarium: Any) -> None:
    """It is a user like any other, and the only one who may."""
    response = client.post(reverse("device-token"), {"key": "key"}, "application/json")
    answer = response.json()
    sensor = Communicator(token=answer["token"])

    with capture_publications() as published:
        sensor.publish(answer["topic"], {"celsius": 21.004, "lamp": False, "at": 1})
    assert published[0].data == {"celsius": 21.0, "lamp": False, "at": 1}
    assert refusal(sensor, answer["topic"], {"celsius": 2100, "lamp": False, "at": 1}) == 107
    assert refusal(sensor, answer["topic"], "warm") == 107
    assert not terrarium.user.has_usable_password()


@pytest.mark.parametrize("body", [b'{"key": "wrong"}', b"{}", b"[]", b"null", b"\xff", b""])
def test_another_key_is_no_key(client: Client, terrarium: Any, body: bytes) -> None:
    """Also when it is none at all."""
    response = client.post(reverse("device-token"), body, "application/json")
    assert response.status_code == 403


def test_a_switch_is_saved_and_commanded(client: Client, ada: Any, terrarium: Any) -> None:
    """To the device's own topic; only users may."""
    address = reverse("switch", args=[terrarium.pk])
    assert client.post(address, {"lamp": "on"}).status_code == 403
    assert not may_publish(ada, f"devices:{terrarium.pk}")
    client.force_login(ada)

    with capture_publications() as published:
        assert client.post(address, {"lamp": "on"}).status_code == 202

    assert (published[0].topic, published[0].data) == (f"#{terrarium.user_id}", {"lamp": True})
    terrarium.refresh_from_db()
    assert terrarium.is_lamp_wanted
