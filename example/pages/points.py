"""The dashboard's points: measured and sent by ordinary synchronous code."""

import asyncio
import os
from dataclasses import asdict, dataclass
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.sessions.models import Session
from django.utils import timezone
from redis.exceptions import RedisError

GROUP = "dashboard"
# Longer than a healthy Redis ever takes, shorter than somebody waits for a page. Without it
# redis-py's own repetitions keep a view waiting for several seconds.
SEND_LIMIT_S = 2.0


class ChannelLayerUnreachable(Exception):
    """The point was measured, but nobody can be told."""


@dataclass(frozen=True, slots=True)
class Point:
    """What the site measured at one moment."""

    at: str
    load: float
    sessions: int
    sent_by: str | None = None
    """Who pressed the button, or None for the point of every second."""


def measure(*, sent_by: str | None = None) -> Point:
    """Measure the machine's load average over a minute and the Django sessions in force."""
    now = timezone.now()
    return Point(
        at=now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        load=round(os.getloadavg()[0], 2),
        sessions=Session.objects.filter(expire_date__gt=now).count(),
        sent_by=sent_by,
    )


def send(point: Point) -> None:
    """Send the point to every open dashboard; returns when Redis has it.

    Raises ChannelLayerUnreachable, at the latest after SEND_LIMIT_S.
    """
    try:
        async_to_sync(_group_send)({"type": "dashboard.point", **asdict(point)})
    except (RedisError, OSError, TimeoutError) as error:
        raise ChannelLayerUnreachable(str(error) or type(error).__name__) from error


async def _group_send(event: dict[str, Any]) -> None:
    async with asyncio.timeout(SEND_LIMIT_S):
        await get_channel_layer().group_send(GROUP, event)
