"""The HTTP API of a real service: where it listens, when it doesn't, how it ends."""

import socket
import subprocess
import sys
from collections.abc import Callable

import pytest
from cent import (
    Client,
    Disconnect,
    DisconnectRequest,
    InfoRequest,
    PresenceRequest,
    PresenceStatsRequest,
    PublishRequest,
    UnsubscribeRequest,
)
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from devkit.ports import free_port
from tests.live import CHECKOUT, Service, Site, hear, http_answer, tell

Start = Callable[..., Service]
KEY = "a-key-of-sixteen-characters"
SETTINGS = "tests.sites.api_settings"


@pytest.mark.parametrize("application", [(), ("tests.sites.api_asgi:application",)])
def test_a_publication_by_http_reaches_a_client(start: Start, application: tuple[str, ...]) -> None:
    """Beside the settings' own application and beside one that is named."""
    port = free_port()
    service = start(
        ("-m", "ws_service", "serve", *application, "--bind", "127.0.0.1:{port}"),
        settings=SETTINGS,
        environment={"API_KEY": KEY, "API_BIND": f"127.0.0.1:{port}"},
    )
    api = Client(f"http://127.0.0.1:{port}/api", KEY)
    with service.connect("/connection/websocket", origin=None) as client:
        tell(client, {"id": 1, "connect": {}})
        tell(client, {"id": 2, "subscribe": {"channel": "open:a"}})
        sent = api.publish(PublishRequest(channel="open:a", data={"state": "paid"}))
        publication = hear(client)["push"]["pub"]
    assert publication == {"data": {"state": "paid"}, "offset": sent.offset}
    log = service.child.tail(50)
    service.stop()
    assert service.child.poll() == 0
    assert http_answer(port) == (0, b"")
    assert f"The HTTP API listens on 127.0.0.1:{port}" in log
    assert KEY not in log
    api.close()


def test_clients_are_seen_and_ended_over_http(start: Start, site: Site) -> None:
    """By who they are, from outside of Django."""
    port = free_port()
    service = start(
        ("-m", "ws_service", "serve", "--bind", "127.0.0.1:{port}"),
        settings=SETTINGS,
        environment={"API_KEY": KEY, "API_BIND": f"127.0.0.1:{port}"},
    )
    user = site.run_in_django(
        "from django.contrib.auth import get_user_model\n"
        "print(get_user_model().objects.get(name='Grace').pk)"
    ).strip()
    api = Client(f"http://127.0.0.1:{port}/api", KEY)
    with service.connect("/connection/websocket", cookie=site.cookie_of("Grace")) as client:
        tell(client, {"id": 1, "connect": {}})
        tell(client, {"id": 2, "subscribe": {"channel": "room:http"}})
        (present,) = api.presence(PresenceRequest(channel="room:http")).presence.values()
        assert (present.user, present.chan_info) == (user, {"name": "Grace"})
        assert api.presence_stats(PresenceStatsRequest(channel="room:http")).num_users == 1
        nodes = api.info(InfoRequest()).nodes
        assert nodes
        assert all(node.uid and node.version for node in nodes)

        api.unsubscribe(UnsubscribeRequest(user=user, channel="room:http"))
        hear_push(client, "unsubscribe")
        end = Disconnect(code=4501, reason="banned")
        api.disconnect(DisconnectRequest(user=user, disconnect=end))
        with pytest.raises(ConnectionClosed) as closed:
            hear_push(client, "nothing")
    assert closed.value.rcvd
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4501, "banned")
    api.close()


def hear_push(client: ClientConnection, kind: str) -> None:
    """Read until a push of this kind; a client hears its own arrival as well."""
    while kind not in hear(client).get("push", {}):
        pass


@pytest.mark.promise("api-key")
def test_without_a_key_there_is_no_api(start: Start) -> None:
    """Nobody has asked for it; the log says how to."""
    port = free_port()
    service = start(
        ("-m", "ws_service", "serve", "--bind", "127.0.0.1:{port}"),
        settings=SETTINGS,
        environment={"API_BIND": f"127.0.0.1:{port}"},
    )
    assert http_answer(port) == (0, b"")
    assert "There is no HTTP API: WS_SERVICE['API_KEY'] is not set" in service.child.tail(50)


@pytest.mark.promise("api-all-or-nothing")
def test_a_service_whose_api_can_not_listen_does_not_start(site: Site) -> None:
    """Half a service would be noticed by the first publisher only."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        bind = f"127.0.0.1:{other.getsockname()[1]}"
        finished = subprocess.run(
            [sys.executable, "-m", "ws_service", "serve", "--bind", f"127.0.0.1:{free_port()}"],
            env=site.environment(SETTINGS) | {"API_KEY": KEY, "API_BIND": bind},
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert finished.returncode == 1
    assert f"The HTTP API can't listen on {bind}: Address already in use" in finished.stderr
    assert "Traceback" not in finished.stderr
