"""What upstreams are told, whatever a client writes: they answer with the headers that they got."""

import json
from collections.abc import Iterator

import pytest

from tests.deploy.proxies.client import IPV4, Client
from tests.deploy.proxies.conftest import Proxy, Recorders, serving
from tests.deploy.proxies.entries import ENTRIES, Entry
from tests.deploy.proxies.network import Network

FORGERY = "6.6.6.6"
FORGED = (
    *("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port"),
    *("X-Real-IP", "Forwarded", "Daphne-Root-Path", "X-Script-Name", "Script-Name"),
    *("X-Forwarded", "X-Forwarded-By", "X-Forwarded-Prefix", "X-Forwarded-Protocol"),
    *("X-Forwarded-Scheme", "X-Forwarded-Server", "X-Forwarded-Ssl", "X-Client-IP"),
    *("X-Scheme", "X-Url-Scheme", "Front-End-Https", "X-Original-URL", "X-Rewrite-URL", "Proxy"),
    # To WSGI these are the same as those with hyphens.
    *("X_Forwarded_For", "X_Forwarded_Proto", "X-Forwarded_Host", "SCRIPT_NAME", "Path_Info"),
)
UPSTREAMS = pytest.mark.parametrize("path", ["/orders/", "/connection/websocket", "/ws/health/"])
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "WebSocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module", params=ENTRIES, ids=lambda entry: entry.name)
def proxy(
    request: pytest.FixtureRequest, network: Network, recorders: Recorders
) -> Iterator[Proxy]:
    with serving(request.param, network) as proxy:
        yield proxy


def told(headers: list[list[str]]) -> dict[str, list[str]]:
    """The values of each header, by its name in small letters."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(value)
    return values


def the_truth(entry: Entry) -> dict[str, list[str]]:
    """What every upstream must be told, each once."""
    return {
        "host": [entry.authority],
        "x-forwarded-for": [IPV4],
        "x-real-ip": [IPV4],
        "x-forwarded-proto": ["https" if entry.is_tls else "http"],
        "x-forwarded-host": [entry.authority],
        "x-forwarded-port": [str(entry.port)],
    }


def assert_true(seen: dict[str, list[str]], entry: Entry) -> None:
    assert {name: seen.get(name) for name in the_truth(entry)} == the_truth(entry)
    lies = {name: values for name, values in seen.items() if FORGERY in "".join(values)}
    assert lies == {}


@pytest.mark.promise("proxy-headers")
@UPSTREAMS
def test_what_a_client_writes_about_itself_reaches_nobody(client: Client, path: str) -> None:
    """Addresses in logs and limits, the scheme, the host and the path are the proxy's to tell."""
    answer = client.get(path, dict.fromkeys(FORGED, FORGERY))
    assert answer.status == 200
    assert_true(told(answer.json()["headers"]), client.entry)


@UPSTREAMS
def test_neither_by_http_2_nor_twice(client: Client, path: str) -> None:
    """The same by the other protocol that pages come by, and by a header that is there twice."""
    lies = [f"{name}: {FORGERY}" for name in (*FORGED, *FORGED)]
    options = [part for lie in lies for part in ("--header", lie)]
    finished = client.curl(path, "--http2" if client.entry.is_tls else "--http1.1", *options)
    assert finished.returncode == 0, finished.stderr
    assert_true(told(json.loads(finished.stdout)["headers"]), client.entry)


@UPSTREAMS
def test_a_client_can_not_have_the_proxys_headers_removed(client: Client, path: str) -> None:
    """`Connection` names headers for one hop; a proxy that obeys too late removes its own."""
    truth = the_truth(client.entry)
    answer = client.get(path, {"Connection": ", ".join(["close", *truth])})
    assert answer.status == 200
    assert_true(told(answer.json()["headers"]), client.entry)


@pytest.mark.parametrize("path", ["/connection/websocket", "/ws/health/"])
def test_a_handshake_reaches_the_service_as_one_and_with_the_truth(
    client: Client, path: str
) -> None:
    """Upgrade and Connection belong to one hop: the proxy has to write them anew."""
    answer = client.get(path, HANDSHAKE | dict.fromkeys(FORGED, FORGERY))
    seen = told(answer.json()["headers"])
    assert_true(seen, client.entry)
    assert [value.lower() for value in seen["upgrade"]] == ["websocket"]
    assert [value.lower() for value in seen["connection"]] == ["upgrade"]
    assert seen["sec-websocket-key"] == [HANDSHAKE["Sec-WebSocket-Key"]]


@pytest.mark.promise("proxy-headers")
@UPSTREAMS
@pytest.mark.parametrize("protocol", ["h2c", "websocket, h2c", "TLS/1.0"])
def test_nothing_but_a_websocket_is_upgraded(client: Client, path: str, protocol: str) -> None:
    """On a connection that has become HTTP/2 behind the proxy it would see no more requests."""
    headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": protocol}
    answer = client.get(path, {**headers, "HTTP2-Settings": "AAMAAABkAARAAAAAAAIAAAAA"})
    assert answer.status == 200
    assert "upgrade" not in told(answer.json()["headers"])


def test_nor_when_it_asks_for_two_things(client: Client) -> None:
    """A header that is there twice is read by one program at its start, by the next at its end."""
    lies = ("--header", "Upgrade: h2c", "--header", "Upgrade: websocket")
    options = ("--http1.1", "--header", "Connection: Upgrade", *lies)
    finished = client.curl("/ws/health/", *options)
    assert finished.returncode == 0, finished.stderr
    upgrade = told(json.loads(finished.stdout)["headers"]).get("upgrade", [])
    assert upgrade in ([], ["websocket"])


def test_a_handshake_at_a_pages_path_is_no_handshake(client: Client) -> None:
    """WebSockets are the service's; Gunicorn gets requests."""
    answer = client.get("/orders/", HANDSHAKE)
    assert answer.status == 200
    assert "upgrade" not in told(answer.json()["headers"])


def test_the_path_and_its_query_arrive_as_they_were_written(client: Client) -> None:
    """Signed addresses and names in other alphabets break when a proxy writes them anew."""
    path = "/orders/%C3%A9%2Fx/?next=%2Fa%3Fb&c=+"
    assert client.get(path).json()["path"] == path
    path = "/ws/%C3%A9%2Fx/?token=a%2Bb"
    assert client.get(path).json()["path"] == path
