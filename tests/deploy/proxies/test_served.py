"""What somebody gets who comes through a proxy to the site and the service."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from tests.conformance.sdk_process import SdkProcess
from tests.deploy.proxies.client import Client
from tests.deploy.proxies.conftest import Proxy, serving
from tests.deploy.proxies.entries import ENTRIES, Edge
from tests.deploy.proxies.network import Network
from tests.deploy.proxies.upstreams import Upstreams
from tests.live import wait_until

UPLOADS = {
    "photo.jpg": "image/jpeg",
    "PHOTO.PNG": "image/png",
    "page.html": "application/octet-stream",
    "page.HTM": "application/octet-stream",
    "drawing.svg": "application/octet-stream",
    "feed.xml": "application/octet-stream",
    "script.js": "application/octet-stream",
    "no-extension": "application/octet-stream",
}


@pytest.fixture(scope="module")
def files(network: Network) -> Path:
    """Static files that only the proxy has, and uploads."""
    static, media = network.path("srv") / "static", network.path("srv") / "media"
    static.mkdir()
    media.mkdir()
    (static / "site.css").write_text("p { color: teal }\n" * 200)
    (static / "site.0123456789ab.js").write_text("'use strict';\n")
    for name in UPLOADS:
        (media / name).write_text("<script>alert(1)</script>")
    (network.path("srv") / "secret").write_text("not for everybody")
    return network.path("srv")


@pytest.fixture(scope="module", params=ENTRIES, ids=lambda entry: entry.name)
def proxy(
    request: pytest.FixtureRequest, network: Network, upstreams: Upstreams, files: Path
) -> Iterator[Proxy]:
    with serving(request.param, network) as proxy:
        yield proxy


def test_pages_come_from_the_site(client: Client) -> None:
    """The site behind the proxy is the site as it was."""
    answer = client.get("/")
    assert answer.status == 200
    assert b"</html>" in answer.body


def test_a_page_comes_by_http_2_and_a_websocket_by_the_same_port(client: Client) -> None:
    """One origin, one port: what the proxy offers for pages must not cost the WebSockets."""
    if not client.entry.is_tls:
        page = client.curl("/", "--http1.1", "--output", "/dev/null", "--write-out", "%{http_code}")
        assert page.stdout == "200", page.stderr
    else:
        wanted = "%{http_version} %{http_code}"
        page = client.curl("/", "--http2", "--output", "/dev/null", "--write-out", wanted)
        assert page.stdout == "2 200", page.stderr
    with client.connect("/ws/health/") as connection:
        assert connection.health()["status"] == "ready"


def test_the_sdk_gets_a_publication_of_the_site(
    client: Client, edge: Edge, upstreams: Upstreams, tmp_path: Path
) -> None:
    """The whole way: the site publishes, the service fans out, the proxy passes it on."""
    topic = f"counter:{ENTRIES.index(edge.entry) + 1000}"
    with SdkProcess("python", edge.sdk_argv(), tmp_path / "sdk.log") as sdk:
        sdk.connect("ada", client.url("/connection/websocket"), Origin=client.entry.origin)
        sdk.connected("ada")
        subscriber = sdk.subscribe("ada", topic)
        subscriber.wait_for("subscribed")
        upstreams.publish(topic, {"value": 42})
        subscriber.wait_for_data([{"value": 42}])


def test_a_page_of_this_origin_may_connect_and_another_one_not(client: Client) -> None:
    """The service compares the page's origin with the Host that the proxy hands on."""
    with client.connect("/connection/websocket"):
        pass
    scheme, _, host = client.entry.origin.partition("://")
    other_scheme = "http" if scheme == "https" else "https"
    for origin in (
        "https://elsewhere.example",
        f"{scheme}://{client.entry.host}:{client.entry.port + 1}",
        f"{other_scheme}://{host}",
    ):
        with pytest.raises(InvalidStatus) as refused:
            client.connect("/connection/websocket", origin=origin)
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize("path", ["/connection/websocket", "/ws/health/"])
def test_a_plain_request_at_a_websockets_path_is_told_what_to_do(client: Client, path: str) -> None:
    """Somebody who opens it in a browser reads the service's 426, not a proxy's error."""
    answer = client.get(path)
    assert answer.status == 426
    assert b"WebSocket" in answer.body
    by_curl = client.curl(path, "--output", "/dev/null", "--write-out", "%{http_code}")
    assert by_curl.stdout == "426", by_curl.stderr


def test_what_is_no_handshake_can_not_fill_the_services_disk(client: Client) -> None:
    """Daphne takes in a request's whole body before it asks what it is for.

    And who sends one must not make the proxy take the service for broken.
    """
    assert client.post("/ws/health/", bytes(9000)).status in (413, 502)  # Caddy 2.6.2: 502
    assert client.post("/ws/health/", bytes(900)).status == 426


def test_static_files_come_from_the_proxy(client: Client) -> None:
    """With a hash in the name they are asked for once, otherwise after a while."""
    plain, hashed = client.get("/static/site.css"), client.get("/static/site.0123456789ab.js")
    for answer, kind in ((plain, "text/css"), (hashed, "javascript")):
        assert answer.status == 200
        assert kind in answer.headers["Content-Type"]
        assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert plain.headers.get_all("Cache-Control") == ["public, max-age=300"]
    assert hashed.headers.get_all("Cache-Control") == ["public, max-age=31536000, immutable"]
    packed = client.get("/static/site.css", {"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.body) < len(plain.body)


def test_a_static_file_that_is_not_there_is_not_remembered_for_a_year(client: Client) -> None:
    """While a release goes out, an old proxy is asked for a new file: it must be asked again."""
    answer = client.get("/static/later.0123456789ab.js")
    assert answer.status == 404
    assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_an_upload_that_is_not_there_is_not_remembered(client: Client) -> None:
    """A page may name a picture a moment before it can be fetched."""
    answer = client.get("/media/orders/later.png")
    assert answer.status == 404
    assert "Cache-Control" not in answer.headers


@pytest.mark.parametrize(("name", "kind"), UPLOADS.items())
def test_an_upload_is_never_a_page(client: Client, name: str, kind: str) -> None:
    """A stranger's HTML or SVG, opened from the site's origin, would act as whoever looks at it."""
    answer = client.get(f"/media/{name}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == kind
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    "path", ["/static/../secret", "/media/..%2fsecret", "/static../secret", "/media/%2e%2e/secret"]
)
def test_nothing_beside_the_folders_is_served(client: Client, path: str) -> None:
    """`alias` and a missing slash have given away many a settings file."""
    answer = client.get(path)
    assert b"not for everybody" not in answer.body
    assert answer.status in (400, 403, 404)


def test_the_proxy_does_not_say_its_version(client: Client, edge: Edge) -> None:
    """It helps those only who look for an old one."""
    answer = client.get("/static/nothing")
    assert not re.search(r"\d", answer.headers.get("Server", ""))
    assert not re.search(rb"nginx/\d", answer.body)


@pytest.mark.promise("proxy-logs")
def test_the_logs_have_no_query_string_of_a_websocket(client: Client, edge: Edge) -> None:
    """A token may stand there, and logs are read by many."""
    paths = [
        "/ws/health/",
        "/connection/websocket",
        "/%77s/health/",
        "//ws/health/",
        "/ws/nothing/",
    ]
    with client.connect("/ws/health/?token=t0ken"):
        pass
    for path in paths:
        client.get(f"{path}?token=t0ken", {"Referer": f"{client.entry.origin}/?token=t0ken"})
    client.get("/ws/last/")
    wait_until(lambda: "/ws/last/" in edge.logs())
    wait_until(lambda: len(re.findall(r"/ws/health/", edge.logs())) >= 2)
    assert "t0ken" not in edge.logs()


def test_another_name_than_the_sites_gets_nothing(client: Client) -> None:
    """Scanners and rebound DNS names end at the proxy where it knows the site's name."""
    if not client.entry.is_tls or not client.entry.knows_its_name:
        assert client.get("/", {"Host": "elsewhere.example"}).status == 400  # Django's answer
        return
    assert client.get("/", {"Host": "elsewhere.example"}).status == 421
    with pytest.raises(ssl.SSLError):
        client.shake_hands("elsewhere.example")


def test_plain_http_leads_to_https(client: Client) -> None:
    """Somebody who types the name alone arrives, and keeps the path."""
    entry = client.entry
    port = 80 if entry.port == 443 else entry.port
    answer = client.plain_get(port, "/orders/?page=2")
    if not entry.is_tls:
        assert answer.status == 302  # the site: log in first
    elif entry.name == "caddy-compose":
        assert answer.status == 400  # Go's server: HTTP on a port for HTTPS
    else:
        assert answer.status == 308
        assert answer.headers["Location"] == f"{entry.origin}/orders/?page=2"
