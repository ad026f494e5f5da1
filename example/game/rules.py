"""The rules. Players' browsers only ask; what counts is decided here, in the service."""

import math
from typing import Any, NamedTuple

from django.core.cache import cache
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from example.game.models import FIELD, GOAL, Light, anywhere
from ws_service import publish, topic_name

LONGEST_STEP = 60
STEPS_A_SECOND = 20
"""Both together are the speed limit."""
REACH = 75
_REMEMBERED_S = 60


class Place(NamedTuple):
    """Where somebody is, in the field's units."""

    x: int
    y: int

    @classmethod
    def read(cls, data: Any) -> "Place":
        """Raises ValidationError for what is no place on the field."""
        match data:
            case {"x": int(x), "y": int(y)} if 0 <= x <= FIELD and 0 <= y <= FIELD:
                return cls(int(x), int(y))
        raise ValidationError("A place has an x and a y on the field.")


def move(user: Any, data: Any) -> dict[str, int]:
    """The place that a player has come to. Raises ValidationError for a leap.

    A player's moves and catches come in by one connection, so by one process: its memory (the
    default cache) knows where the player was. A shared cache does it for several connections.
    """
    place, last = Place.read(data), place_of(user)
    if last is not None and math.dist(place, last) > LONGEST_STEP:
        raise ValidationError("Nobody is that fast.")
    cache.set(_key(user), place, _REMEMBERED_S)
    return place._asdict()


def place_of(user: Any) -> Place | None:
    return cache.get(_key(user))


def enter(caller: Any) -> dict[str, Any]:
    """How the game stands, for who comes or comes back; and where they are in it."""
    with transaction.atomic():
        light = Light.shining()
    place = place_of(caller.user) or Place(anywhere(), anywhere())
    return {**_standing(light), "place": place._asdict()}


def catch(caller: Any, *, light: int) -> dict[str, Any]:
    """Catch a light: the first who is near enough gets it, and everybody is told."""
    user = caller.user
    if not user.is_authenticated:
        raise PermissionDenied
    with transaction.atomic():
        shining = Light.shining()
        place = place_of(user)
        if shining.pk != light or place is None:
            return {"caught": False}
        if math.dist(place, (shining.x, shining.y)) > REACH:
            return {"caught": False}
        shining.caught_by = user
        shining.save()
        scores = shining.scores()
        winner = next((row for row in scores if row["score"] >= GOAL), None)
        follower = Light.objects.create(round=shining.round + (winner is not None))
        caught = {"by": str(user.pk), "name": user.get_short_name(), "x": shining.x, "y": shining.y}
        data = {**_standing(follower), "caught": caught, "winner": winner}
        publish(topic_name("game"), data)  # once the transaction is committed
    return {"caught": True}


def _standing(light: Light) -> dict[str, Any]:
    shining = {"number": light.pk, "x": light.x, "y": light.y}
    return {"round": light.round, "light": shining, "scores": light.scores()}


def _key(user: Any) -> str:
    return f"game:{user.pk}"
