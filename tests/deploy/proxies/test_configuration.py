"""The entry files as their own programs read them."""

import json
import re
import subprocess

import pytest

from tests.deploy.proxies.entries import ASK_LIMIT_S, DEPLOY, ENTRIES, Edge, Entry
from tests.deploy.proxies.network import Network
from ws_service.conf import load_config

NGINX = [entry for entry in ENTRIES if entry.program == "nginx"]
CADDY = [entry for entry in ENTRIES if entry.program == "caddy"]
EVERY = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


def edge_of(entry: Entry, network: Network) -> Edge:
    return Edge(entry, network, network.folder / f"{entry.name}.log")


@EVERY
def test_its_program_accepts_it_as_it_is(entry: Entry, network: Network) -> None:
    """As the user that it runs as: a file that only root could start would fail here."""
    status, output = edge_of(entry, network).ask("check")
    assert status == 0, output
    assert [line for line in output.splitlines() if is_complaint(line)] == []


def is_complaint(line: str) -> bool:
    # Where this machine allows fewer descriptors, nginx says so; a container has enough.
    is_about_limits = "exceed open file resource limit" in line
    # What Caddyfile.compose asks for.
    is_wanted = "automatic HTTP->HTTPS redirects are disabled" in line
    has_level = re.search(r'\[(warn|error|alert|crit|emerg)\]|"level":"(warn|error)"', line)
    return bool(has_level) and not is_about_limits and not is_wanted


@pytest.mark.parametrize("file", sorted(p.name for p in (DEPLOY / "caddy").iterdir()))
def test_caddy_would_format_it_in_no_other_way(file: str, network: Network) -> None:
    """Otherwise each start logs a warning, and each editor that formats makes a change."""
    text = (DEPLOY / "caddy" / file).read_text()
    finished = subprocess.run(
        ["caddy", "fmt", "-"], input=text, capture_output=True, text=True, timeout=ASK_LIMIT_S
    )
    assert finished.stdout == text


@pytest.mark.parametrize("entry", NGINX, ids=lambda entry: entry.name)
def test_nginx_waits_longer_for_a_websocket_than_the_service_does(
    entry: Entry, network: Network
) -> None:
    """A silent client is the service's to ping and to give up; a proxy must not come before it."""
    _, whole = edge_of(entry, network).ask("show")
    websockets = re.search(
        r"configuration file \S+/parts/websockets\.conf:\n(.*?)\n# conf", whole, re.DOTALL
    )
    assert websockets, whole
    ping_interval_s = load_config().ping_interval_s
    for name in ("proxy_read_timeout", "proxy_send_timeout"):
        waits = re.findall(rf"^\s*{name} (\d+)s;", websockets[1], re.MULTILINE)
        assert [int(wait) > 2 * ping_interval_s for wait in waits] == [True], name


@pytest.mark.parametrize("entry", CADDY, ids=lambda entry: entry.name)
def test_caddy_has_no_limit_for_an_open_websocket(entry: Entry, network: Network) -> None:
    """A time-out for writing would end them all after that time, silent or not."""
    _, output = edge_of(entry, network).ask("adapt")
    adapted = json.loads(next(line for line in output.splitlines() if '"apps":' in line))
    assert '"flush_interval": -1' in json.dumps(adapted)
    for name in ("write_timeout", "read_timeout", "stream_timeout"):
        servers = adapted["apps"]["http"]["servers"].values()
        for handler in handlers([server["routes"] for server in servers]):
            assert name not in json.dumps(handler), handler
    for server in adapted["apps"]["http"]["servers"].values():
        assert "write_timeout" not in server


def handlers(routes: object) -> list[dict[str, object]]:
    """All reverse proxies, however deep."""
    if isinstance(routes, list):
        return [found for route in routes for found in handlers(route)]
    if isinstance(routes, dict):
        own = [routes] if routes.get("handler") == "reverse_proxy" else []
        return own + [found for value in routes.values() for found in handlers(value)]
    return []
