"""Services of a site that has topics over its groups."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path

import pytest

from tests.live import Service, Site

RECOVERABLE = {
    "pubsub": "ws_service.layers.RecoverablePubSubLayer",
    "core": "ws_service.layers.RecoverableCoreLayer",
}
STOCK = {
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
    "core": "channels_redis.core.RedisChannelLayer",
}
SETTINGS = "tests.bridge.site.settings"

# The site's own code, as it was before there were topics.
SEND = """
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

send = async_to_sync(get_channel_layer().group_send)
"""

_numbers = count(1)


class Chat:
    """One site: its service, and its own code in another process.

    environment: LAYER, and what else differs from the usual.
    """

    def __init__(self, site: Site, service: Service, environment: dict[str, str]) -> None:
        self._site = site
        self.service = service
        self._environment = environment

    def run(self, script: str) -> str:
        """Run code of the site; ``send`` is its way to reach a group."""
        own = {"DJANGO_SETTINGS_MODULE": SETTINGS, **self._environment}
        return self._site.run_in_django(SEND + script, **own)

    def say(self, room: str, *texts: object) -> None:
        """Send chat messages to a room's group, one after the other."""
        self.run(
            f"for text in {texts!r}:\n"
            f"    send('chat.{room}', {{'type': 'chat.message', 'text': text, 'secret': 1}})"
        )


@pytest.fixture(scope="module")
def chats(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Chat]]:
    """``chats(layer)``: one service for each channel layer, for tests that leave it as it is."""
    with ExitStack() as stack:

        @cache
        def chat(layer: str) -> Chat:
            return start_chat(site, tmp_path_factory.mktemp("chat"), stack, LAYER=layer)

        yield chat


@pytest.fixture
def own_chat(site: Site, layer: str, tmp_path: Path) -> Iterator[Callable[..., Chat]]:
    """``own_chat(REDIS_URL=…)`` starts a service for one test."""
    with ExitStack() as stack:
        yield lambda **environment: start_chat(site, tmp_path, stack, LAYER=layer, **environment)


def start_chat(site: Site, folder: Path, stack: ExitStack, **environment: str) -> Chat:
    argv = ("-m", "ws_service", "serve", "--bind", "127.0.0.1:{port}")
    log = folder / "service.log"
    service = Service(site, log, argv, settings=SETTINGS, environment=environment)
    stack.callback(service.stop)
    return Chat(site, service.start(), environment)


@pytest.fixture
def chat(chats: Callable[[str], Chat], layer: str) -> Chat:
    return chats(layer)


@pytest.fixture
def room() -> str:
    """A room that no other test uses."""
    return f"room{next(_numbers)}"
