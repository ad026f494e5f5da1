"""The API as HTTP: keys, paths, verbs, bodies, and the address."""

import json
import logging
import socket
import threading
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest

from tests.api.conftest import ANSWER_LIMIT_S, KEY, Caller
from tests.publishing.store import Store
from ws_service.api import Api, ApiListener
from ws_service.api import listener as listener_module
from ws_service.api.listener import BODY_LIMIT_BYTES
from ws_service.bind import Bind
from ws_service.errors import CannotListen
from ws_service.topics import TopicTable

PUBLICATION = json.dumps({"channel": "orders:1", "data": 1}).encode()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": KEY},
        {"Authorization": f"apikey {KEY}"},
        {"Authorization": f"ApiKey {KEY}"},
    ],
)
def test_the_key_is_taken_from_two_headers(api: Caller, headers: dict[str, str]) -> None:
    """Clients of Centrifugo send the one or the other."""
    assert api.request("POST", "/api/publish", PUBLICATION, headers).status == 200


@pytest.mark.promise("api-key")
@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": KEY.upper()},
        {"X-API-Key": KEY[:-1]},
        {"X-API-Key": KEY + "x"},
        {"X-API-Key": "gr\xfc\xdfe"},
        {"X-API-Key": "", "Authorization": f"apikey {KEY}"},
        {"Authorization": KEY},
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": "apikey"},
        {},
    ],
)
@pytest.mark.parametrize("path", ["/api/publish", "/api/nothing", f"/api/publish?api_key={KEY}"])
def test_a_wrong_key_or_none_gets_401_and_nothing_else(
    api: Caller, store: Store, path: str, headers: dict[str, str]
) -> None:
    """Whoever has no key learns nothing, not even which methods there are."""
    response = api.request("POST", path, PUBLICATION, headers)
    assert (response.status, response.body) == (401, b"")
    assert store.data("orders:1") == []


def test_a_stranger_is_told_of_once(api: Caller, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody tries, or somebody's key is old; the log is no place for either key."""
    for _ in range(3):
        api.request("POST", "/api/info", b"{}", {"X-API-Key": "guessed-by-somebody"})
    assert caplog.text.count("without its key, or a wrong one, by 127.0.0.1") == 1
    assert "guessed" not in caplog.text


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/api/info", 405),
        ("PUT", "/api/publish", 405),
        ("POST", "/", 404),
        ("POST", "/api", 404),
        ("POST", "/api/", 404),
        ("POST", "/api/publish/", 404),
        ("POST", "/admin/", 404),
    ],
)
def test_only_post_and_only_methods(api: Caller, verb: str, path: str, status: int) -> None:
    """A mistake in a URL is told by HTTP, as Centrifugo does."""
    assert api.request(verb, path, PUBLICATION).status == status


def test_a_method_that_is_not_there_is_104_and_404(api: Caller) -> None:
    """So that a client's library and a person with curl both see what is wrong."""
    response = api.post("subscribe", {})
    assert response.status == 404
    assert response.data == {"error": {"code": 104, "message": "not found"}}


@pytest.mark.parametrize("body", [b"{", b"channel=orders:1", b'{"channel":"a"} x', b"[" * 100_000])
def test_a_body_that_is_no_json_is_400_in_words(api: Caller, body: bytes) -> None:
    """As Centrifugo says it."""
    response = api.request("POST", "/api/publish", body)
    assert response.status == 400
    assert response.headers["Content-Type"].startswith("text/plain")
    assert b"no JSON" in response.body


def test_a_body_that_is_too_long_is_413(api: Caller) -> None:
    """It is refused before it is held in memory."""
    with socket.create_connection(("127.0.0.1", api.port), timeout=ANSWER_LIMIT_S) as client:
        head = f"POST /api/publish HTTP/1.1\r\nHost: x\r\nContent-Length: {BODY_LIMIT_BYTES + 1}"
        client.sendall(f"{head}\r\nX-API-Key: {KEY}\r\n\r\n".encode())
        client.sendall(b"x")
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_connection_is_kept_for_the_next_request(api: Caller) -> None:
    """A view that publishes on every request doesn't connect every time."""
    with closing(api.connection()) as connection:
        for number in (1, 2):
            connection.request("POST", "/api/publish", PUBLICATION, {"X-API-Key": KEY})
            answer = json.loads(connection.getresponse().read())
            assert answer["result"]["offset"] == number


def test_a_bug_is_100_and_a_line_in_the_log_and_no_traceback_for_the_caller(
    api: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A topic's own converter may raise anything."""

    def broken(*args: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(TopicTable, "match", broken)
    assert api.error("publish", channel="orders:1", data=1) == (100, "internal server error")
    response = api.post("publish", {"channel": "orders:1", "data": 1}, transport=True)
    assert response.status == 500
    assert response.data == {"code": 100, "message": "internal server error"}
    assert "LookupError: a bug" in caplog.text
    assert KEY not in caplog.text


def test_a_port_that_is_taken_is_named() -> None:
    """The service must not start without what its settings promise."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotListen, match=rf"127\.0\.0\.1:{port}: Address already in use"):
            ApiListener(Api(KEY), Bind(port=port))


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_named(host: str) -> None:
    """A typo in a manifest."""
    with pytest.raises(CannotListen, match=host):
        ApiListener(Api(KEY), Bind(host, 0))


def test_more_than_loopback_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """The key is all that stands between a stranger and every client."""
    caplog.set_level(logging.INFO)
    for host, warns in (("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)):
        caplog.clear()
        listener = ApiListener(Api(KEY), Bind(host, 0))
        listener.start()
        listener.stop()
        assert f"The HTTP API listens on {host}:{listener.bind.port}" in caplog.text
        assert ("open to more than this machine" in caplog.text) == warns


def test_a_unix_socket_serves_is_for_the_group_and_leaves_nothing_behind(
    store: Store, tmp_path: Path
) -> None:
    """For a web container in the same pod; what a killed process left is replaced."""
    path = tmp_path / "api.sock"
    with closing(socket.socket(socket.AF_UNIX)) as killed:
        killed.bind(str(path))
    listener = ApiListener(Api(KEY), Bind(unix_path=str(path)))
    with pytest.raises(CannotListen, match="in use"):
        ApiListener(Api(KEY), Bind(unix_path=str(path)))
    listener.start()
    try:
        assert path.stat().st_mode & 0o777 == 0o660
        with closing(socket.socket(socket.AF_UNIX)) as client:
            client.settimeout(ANSWER_LIMIT_S)
            client.connect(str(path))
            head = f"POST /api/publish HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n"
            client.sendall(f"{head}Content-Length: {len(PUBLICATION)}\r\n\r\n".encode())
            client.sendall(PUBLICATION)
            assert client.recv(1_000).startswith(b"HTTP/1.1 200 OK")
    finally:
        listener.stop()
    assert not path.exists()
    assert store.data("orders:1") == [1]


def test_after_the_stop_nobody_listens(store: Store) -> None:
    """And the stop doesn't wait for clients that keep their connection."""
    listener = ApiListener(Api(KEY), Bind(port=0))
    listener.start()
    caller = Caller(listener.bind.port)
    with closing(caller.connection()) as kept:
        kept.request("POST", "/api/publish", PUBLICATION, {"X-API-Key": KEY})
        assert kept.getresponse().read()
        listener.stop()
        with pytest.raises(ConnectionRefusedError):
            caller.post("info", {})


def waiting_application(has_come: threading.Event, may_go: threading.Event) -> WSGIApplication:
    """Answers when it is told to."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        has_come.set()
        assert may_go.wait(ANSWER_LIMIT_S)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]

    return application


@pytest.mark.parametrize("is_stuck", [False, True])
def test_the_stop_waits_for_an_answer_and_not_for_ever(
    is_stuck: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was accepted is answered; a request that hangs in Redis holds up no deployment."""
    has_come, may_go = threading.Event(), threading.Event()
    monkeypatch.setattr(listener_module, "STOP_LIMIT_S", 0.1 if is_stuck else ANSWER_LIMIT_S)
    listener = ApiListener(waiting_application(has_come, may_go), Bind(port=0))
    listener.start()
    stop = threading.Thread(target=listener.stop)
    with closing(Caller(listener.bind.port).connection()) as connection:
        connection.request("POST", "/")
        assert has_come.wait(ANSWER_LIMIT_S)
        stop.start()
        if not is_stuck:
            may_go.set()
            assert connection.getresponse().read() == b"done"
        stop.join(ANSWER_LIMIT_S)
        assert not stop.is_alive()
    may_go.set()
    if is_stuck:
        monkeypatch.undo()
        listener.stop()  # which lets go of the rest
