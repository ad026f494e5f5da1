"""A site that has Channels in use: what it has goes on working, and works in both places."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from devkit.child import Child
from devkit.ports import free_port
from devkit.redis_server import RedisServer
from tests.adoption import guide
from tests.adoption.site import REDIS_URL, ExistingSite, MakeSite, Production, StartProduction
from tests.live import ANSWER_LIMIT_S, hear, http_answer, tell, wait_until

HERE = "here I am"
CHAT = Path(__file__).with_name("chat")
LAYERS = {
    "core": "channels_redis.core.RedisChannelLayer",
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
}


# What leads to Daphne in the site's own nginx.conf.
SOCKETS = """\
    location /ws/ {{
        proxy_pass http://127.0.0.1:{port};
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "Upgrade";
        proxy_set_header Host $http_host;
    }}
"""


class ChannelsSite:
    """The existing site with a chat under Daphne, and a worker for its jobs."""

    def __init__(self, site: ExistingSite, running: Production) -> None:
        self.site = site
        self.running = running
        self.daphne_port = free_port()
        argv = ("-m", "daphne", "-b", "127.0.0.1", "-p", str(self.daphne_port))
        conf = running.nginx_conf
        sockets = SOCKETS.format(port=self.daphne_port)
        conf.write_text(conf.read_text().replace("server {\n", f"server {{\n{sockets}"))
        self.daphne = running.beside("daphne", sys.executable, *argv, "mysite.asgi:application")
        self.worker = running.beside("worker", sys.executable, "manage.py", "runworker", "jobs")
        self._wait()
        self.cookie = f"sessionid={site.log_in()}"

    def deploy(self) -> None:
        """The old processes again, on the new code."""
        for child in (self.daphne, self.worker):
            child.stop()
            child.start()
        self._wait()

    @contextmanager
    def old(self) -> Iterator[ClientConnection]:
        """Somebody in the chat, by the Daphne that was there."""
        with self._enter(self.daphne_port) as room:
            yield room

    @contextmanager
    def new(self) -> Iterator[ClientConnection]:
        """Somebody in the chat, by the second container."""
        with self._enter(self.running.ws_port) as room:
            yield room

    @contextmanager
    def by_the_proxy(self) -> Iterator[ClientConnection]:
        """Somebody in the chat, by whomever the proxy asks."""
        with self._enter(self.running.port) as room:
            yield room

    @contextmanager
    def _enter(self, port: int) -> Iterator[ClientConnection]:
        with connect_as(self.cookie, port, "/ws/room/") as room:
            assert hear(room) == {"you": "ada@example.org"}
            wait_until(lambda: is_in(room))
            yield room

    def _wait(self) -> None:
        wait_until(lambda: http_answer(self.daphne_port)[0] != 0 or self._has_ended(self.daphne))
        wait_until(lambda: "Running worker" in self.worker.tail() or self._has_ended(self.worker))

    @staticmethod
    def _has_ended(child: Child) -> bool:
        assert child.is_running, child.tail(60)
        return False


def connect_as(cookie: str, port: int, path: str) -> ClientConnection:
    """A page's connection: it has an origin and a cookie."""
    return connect(
        f"ws://127.0.0.1:{port}{path}",
        origin=f"http://127.0.0.1:{port}",
        additional_headers={"Cookie": cookie},
        open_timeout=ANSWER_LIMIT_S,
        proxy=None,
    )


def is_in(room: ClientConnection) -> bool:
    """Whether what one says comes back: the pub/sub layer joins a group without waiting for Redis,
    and what is said meanwhile is lost, here as anywhere.
    """
    room.send(json.dumps({"say": HERE}))
    try:
        return json.loads(room.recv(timeout=1.0))["text"] == HERE
    except TimeoutError:
        return False


def said_to(room: ClientConnection) -> Any:
    """The next of what is said, but for those who come in."""
    while (said := hear(room)).get("text") == HERE:
        pass
    return said


def expect_everybody_to_hear(speaker: ClientConnection, *listeners: ClientConnection) -> None:
    """What one says, and what the worker makes of what one asks."""
    for spoken, heard in (
        ({"say": "hello"}, {"who": "ada@example.org", "text": "hello"}),
        ({"work": "done"}, {"who": "worker", "text": "DONE"}),
    ):
        speaker.send(json.dumps(spoken))
        for each in (speaker, *listeners):
            assert said_to(each) == heard


@pytest.fixture(params=sorted(LAYERS))
def channels_site(
    request: pytest.FixtureRequest,
    make_site: MakeSite,
    redis_server: RedisServer,
    production: StartProduction,
) -> ChannelsSite:
    # Both notations that the layers know.
    url, pair = f"redis://127.0.0.1:{redis_server.port}/1", ("127.0.0.1", redis_server.port)
    # The core layer waits 5 s in Redis, as long as redis-py does: that is a race.
    patient = {"address": url, "socket_timeout": 15}
    hosts = [patient if request.param == "core" else pair]
    layer = {"BACKEND": LAYERS[request.param], "CONFIG": {"hosts": hosts}}
    site = make_site(
        'INSTALLED_APPS = ["daphne", *INSTALLED_APPS, "channels", "chat"]',
        'ASGI_APPLICATION = "mysite.asgi.application"',
        f"CHANNEL_LAYERS = {{'default': {layer!r}}}",
        apps=[CHAT],
    )
    (site.folder / "chat" / "asgi.py").replace(site.folder / "mysite" / "asgi.py")
    return ChannelsSite(site, production(site))


@pytest.mark.promise("adopt")
def test_what_a_site_has_with_channels_works_before_and_after_and_in_both_places(
    channels_site: ChannelsSite,
) -> None:
    """Its layer, consumers, middleware, asgi.py and worker are not touched."""
    site, running = channels_site.site, channels_site.running
    untouched = [site.folder / "mysite" / "asgi.py", *(site.folder / "chat").glob("*.py")]
    before = [file.read_bytes() for file in untouched]
    with channels_site.old() as one, channels_site.old() as other:
        expect_everybody_to_hear(one, other)

    site.adopt()
    has_channels = guide.section("You have Channels consumers")
    site.apply(has_channels)
    # What the guide says of a site with a layer: the address is known already.
    settings = site.settings.read_text()
    known = f', "REDIS_URL": "{site.redis_url}"'
    assert known in settings
    assert REDIS_URL not in settings
    site.settings.write_text(settings.replace(known, ""))
    (check,) = has_channels.commands()
    printed = site.manage(*check.line.split()[2:])
    assert check.matches(printed), printed
    channels_site.deploy()
    running.start_ws()

    assert [file.read_bytes() for file in untouched] == before
    with channels_site.old() as old, channels_site.new() as new:
        expect_everybody_to_hear(old, new)
        expect_everybody_to_hear(new, old)
    with connect_as(channels_site.cookie, running.ws_port, "/connection/websocket") as page:
        tell(page, {"id": 1, "connect": {}})
        assert "error" not in tell(page, {"id": 2, "subscribe": {"channel": "orders:1"}})
        site.manage("publish", "orders:1", '{"id": 1, "state": "sent"}')
        assert hear(page)["push"]["pub"]["data"] == {"id": 1, "state": "sent"}

    # The proxy leaves the chat with Daphne, and moves it by the line that the guide has for it.
    running.start_proxy()
    running.ws.stop()
    with channels_site.by_the_proxy() as room:
        expect_everybody_to_hear(room)
    running.start_ws()
    channels_site.daphne.stop()
    block = site.folder / "ws-service.conf"
    both, alone = "location ~ ^/(connection|ws)/", "location /connection/"
    assert f"`{both}`" in has_channels.text
    assert f"{alone} {{" in block.read_text()
    block.write_text(block.read_text().replace(alone, both))
    running.reload_proxy()
    with channels_site.by_the_proxy() as room:
        expect_everybody_to_hear(room)


def test_the_core_layers_old_trouble_is_named_by_check(make_site: MakeSite) -> None:
    """A team would take sockets that close after five idle seconds for a fault of the new part."""
    layer = {"BACKEND": LAYERS["core"], "CONFIG": {"hosts": ["redis://127.0.0.1:6379/0"]}}
    site = make_site(f"CHANNEL_LAYERS = {{'default': {layer!r}}}")
    site.adopt()
    assert "ws_service.W001" in guide.section("You have Channels consumers").text
    printed = site.manage("check")
    assert "ws_service.W001" in printed
    assert '"socket_timeout": 15' in printed
