"""What becomes of open WebSockets when a proxy is told to read its configuration again."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.sdk_process import SdkProcess
from tests.deploy.proxies.conftest import serving
from tests.deploy.proxies.entries import ASK_LIMIT_S, CADDY, COMPOSE, Edge, Entry
from tests.deploy.proxies.network import Network
from tests.deploy.proxies.upstreams import Upstreams


def reload_nginx(edge: Edge) -> None:
    os.kill(edge.child.pid, signal.SIGHUP)


def reload_caddy(edge: Edge) -> None:
    """By its interface on loopback, as the package's unit does."""
    config = ["--config", edge.entry.config, "--adapter", "caddyfile", "--force"]
    subprocess.run(
        edge.network.command(["caddy", "reload", *config]),
        env=edge.environment,
        check=True,
        capture_output=True,
        timeout=ASK_LIMIT_S,
    )


@pytest.mark.parametrize(
    ("entry", "reload"),
    [(COMPOSE, reload_nginx), (CADDY, reload_caddy)],
    ids=["nginx", "caddy"],
)
def test_a_reload_cuts_websockets_in_the_end_and_nobody_misses_anything(
    network: Network,
    upstreams: Upstreams,
    tmp_path: Path,
    entry: Entry,
    reload: Callable[[Edge], None],
) -> None:
    """An old nginx worker that waited for its last WebSocket would wait for weeks."""
    topic = f"counter:{3000 + entry.port}"
    with (
        serving(entry, network) as (edge, client),
        SdkProcess("python", edge.sdk_argv(), tmp_path / "sdk.log") as sdk,
    ):
        sdk.connect("ada", client.url("/connection/websocket"), Origin=entry.origin)
        sdk.connected("ada")
        subscriber = sdk.subscribe("ada", topic)
        subscriber.wait_for("subscribed")
        upstreams.publish(topic, 1)
        subscriber.wait_for_data([1])
        reload(edge)
        upstreams.publish(topic, 2)
        sdk.connected("ada", times=2)
        upstreams.publish(topic, 3)
        subscriber.wait_for_data([1, 2, 3])
