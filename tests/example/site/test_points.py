"""The dashboard's points, sent by synchronous code into a real Redis or none."""

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from channels.layers import channel_layers, get_channel_layer
from django.conf import settings as site_settings
from django.test import Client
from django.urls import reverse

from devkit.ports import free_port
from devkit.redis_server import RedisServer
from example.pages import points

pytestmark = pytest.mark.django_db

ARRIVAL_LIMIT_S = 10


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server.start(tmp_path)


@pytest.fixture
def layer_at(settings: Any) -> Iterator[Any]:
    """Point the site's channel layer, with its own options, at another Redis."""

    def point(url: str) -> None:
        layers = deepcopy(site_settings.CHANNEL_LAYERS)
        layers["default"]["CONFIG"]["hosts"][0]["address"] = url
        settings.CHANNEL_LAYERS = layers
        channel_layers.backends.clear()

    yield point
    channel_layers.backends.clear()


async def watch(subscribed: threading.Event) -> dict[str, Any]:
    """Return the first event that the dashboard's group gets."""
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(points.GROUP, channel)
    subscribed.set()
    async with asyncio.timeout(ARRIVAL_LIMIT_S):
        return await layer.receive(channel)


def unreachable_url() -> str:
    return f"redis://127.0.0.1:{free_port()}/0"


def test_the_view_sends_a_point_to_whoever_watches(
    client: Client, redis: RedisServer, layer_at: Any
) -> None:
    """The button on the dashboard: synchronous code reaching another process."""
    layer_at(redis.url)
    subscribed = threading.Event()

    with ThreadPoolExecutor(max_workers=1) as elsewhere:
        watching = elsewhere.submit(asyncio.run, watch(subscribed))
        assert subscribed.wait(ARRIVAL_LIMIT_S)
        # SUBSCRIBE is on its way before the view opens the connection that it publishes on,
        # whose greeting takes Redis several rounds: so the subscription is in force by then.
        response = client.post(reverse("send-point"))
        event = watching.result(2 * ARRIVAL_LIMIT_S)

    assert response.json() == {"sent": True}
    assert event["type"] == "dashboard.point"
    assert event["sent_by"] == "anonymous"
    assert event["sessions"] == 0
    assert event["load"] >= 0


def test_an_unreachable_channel_layer_is_a_503_that_says_so(client: Client, layer_at: Any) -> None:
    """Redis is being restarted: that is no reason for a traceback."""
    layer_at(unreachable_url())

    response = client.post(reverse("send-point"))

    assert response.status_code == 503
    error = json.loads(response.content)["error"]
    assert error["code"] == "channel_layer_unreachable"
    assert "can't reach Redis" in error["message"]


def test_a_point_needs_a_post(client: Client) -> None:
    """A link, or a browser that loads pages ahead, must not send points."""
    assert client.get(reverse("send-point")).status_code == 405
