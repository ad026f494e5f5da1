"""A bare ``websockets`` client and the demonstration consumers, through a real server."""

import json
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from consumers.message import FRAME_LIMIT, LENGTH_LIMIT
from tests.live import ANSWER_LIMIT_S, Service, Site, hear, tell


@pytest.mark.promise("echo")
def test_index_echoes_with_who_when_and_where(service: Service, site: Site) -> None:
    """The first thing a newcomer tries."""
    with service.connect("/ws/index/", cookie=site.cookie_of("Ada")) as socket:
        answer = tell(socket, {"message": "hello"})
    assert answer["type"] == "message"
    assert answer["message"] == "hello"
    assert answer["sender"] == "Ada"
    assert answer["at"].endswith("Z")
    assert len(answer["node"].rpartition("-")[2]) == 8


@pytest.mark.parametrize(
    "room", ["café", "東京", "🦊 den", "a/b", "x" * 100, "Ελλάδα", "%41", "..", "a b"]
)
def test_any_unicode_name_is_a_room(service: Service, site: Site, room: str) -> None:
    """People name rooms in their own language."""
    path = f"/ws/chat/{quote(room, safe='')}/"
    with (
        service.connect(path, cookie=site.cookie_of("Ada")) as ada,
        service.connect(path, cookie=site.cookie_of("Grace")) as grace,
    ):
        assert hear(ada)["room"] == hear(grace)["room"] == room
        assert tell(ada, {"message": "hi"})["message"] == "hi"
        heard = hear(grace)
        assert (heard["message"], heard["sender"], heard["room"]) == ("hi", "Ada", room)


def test_rooms_are_apart(service: Service) -> None:
    """What is said in one room stays there."""
    with service.connect("/ws/chat/one/") as one, service.connect("/ws/chat/two/") as two:
        hear(one)
        hear(two)
        tell(one, {"message": "only here"})
        assert tell(two, {"message": "only there"})["message"] == "only there"


@pytest.mark.parametrize("room", ["x" * 101, "a\tb", "%00", " "])
def test_an_impossible_room_name_is_explained(service: Service, room: str) -> None:
    """A closed socket without a word helps nobody."""
    escaped = room if room.startswith("%") else quote(room)
    with service.connect(f"/ws/chat/{escaped}/") as socket:
        assert hear(socket)["code"] == "invalid_room"
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=ANSWER_LIMIT_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


BAD_INPUT = [
    ("not JSON", "invalid_json"),
    ("", "invalid_json"),
    ("NaN", "invalid_json"),
    ("1e400", "invalid_json"),
    ('{"message": Infinity}', "invalid_json"),
    ("[" * 20_000, "invalid_json"),
    ("[]", "not_an_object"),
    ("null", "not_an_object"),
    ("{}", "message_missing"),
    ('{"message": 1}', "message_not_text"),
    ('{"message": null}', "message_not_text"),
    ('{"message": {"a": 1}}', "message_not_text"),
    ('{"message": "\\ud800"}', "invalid_text"),
    (json.dumps({"message": "x" * (LENGTH_LIMIT + 1)}), "too_long"),
    ("x" * (FRAME_LIMIT + 1), "too_long"),
    (b'{"message": "bytes"}', "binary_not_allowed"),
]


@pytest.mark.promise("bad-input")
@pytest.mark.parametrize("path", ["/ws/index/", "/ws/chat/", "/ws/sync/"])
@pytest.mark.parametrize(("sent", "code"), BAD_INPUT, ids=range(len(BAD_INPUT)))
def test_bad_input_gets_an_error_and_the_connection_stays(
    service: Service, path: str, sent: str | bytes, code: str
) -> None:
    """A client's bug must be findable, and must not cost its connection."""
    with service.connect(path) as socket:
        if path == "/ws/chat/":
            hear(socket)
        socket.send(sent)
        error = hear(socket)
        assert (error["type"], error["code"]) == ("error", code)
        assert error["message"]
        assert tell(socket, {"message": "still here"})["message"] == "still here"


def test_json_takes_any_value(service: Service) -> None:
    """The JSON consumer doesn't insist on a shape."""
    with service.connect("/ws/json/") as socket:
        for content in ({"a": [1, None, "x"]}, [], "text", 3.5, None, True, 2**70):
            answer = tell(socket, content)
            assert (answer["type"], answer["content"]) == ("echo", content)
        socket.send("{")
        assert hear(socket)["code"] == "invalid_json"
        socket.send(b"{}")
        assert hear(socket)["code"] == "binary_not_allowed"
        for depth in (100, 960, 965, 970, 5_000):
            socket.send("[" * depth + "]" * depth)
            text = socket.recv(timeout=ANSWER_LIMIT_S)
            assert text.startswith(('{"type": "echo"', '{"type": "error"'))
        assert tell(socket, 1)["content"] == 1


def test_the_synchronous_consumer_asks_the_database(service: Service, site: Site) -> None:
    """Most sites' code is synchronous; it must work from here."""
    with service.connect("/ws/sync/", cookie=site.cookie_of("Grace")) as socket:
        answer = tell(socket, {"message": "how many?"})
    assert answer["users"] >= 3  # those of the demonstration, and who else tests have made
    assert answer["sender"] == "Grace"


def test_binary_comes_back_byte_for_byte(service: Service) -> None:
    """Not everything is text."""
    with service.connect("/ws/binary/") as socket:
        for payload in (bytes(range(256)), b"", b"\x00", b"x" * 65_536):
            socket.send(payload)
            assert socket.recv(timeout=ANSWER_LIMIT_S) == payload
        socket.send("text")
        assert hear(socket)["code"] == "text_not_allowed"
        socket.send(b"x" * 65_537)
        assert hear(socket)["code"] == "too_long"


@pytest.mark.promise("unknown-path")
@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/nothing/", "/ws/index", "/ws/index/more/"])
def test_an_unknown_path_is_refused_without_a_traceback(service: Service, path: str) -> None:
    """The textbook set-up answers 500 and fills the log."""
    with pytest.raises(InvalidStatus) as refused:
        service.connect(path)
    assert refused.value.response.status_code == 403  # Daphne knows no other refusal
    assert "Traceback" not in service.child.tail(1000)


@pytest.mark.promise("foreign-origin")
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1:1",
        "http://localhost:{port}",
        "https://127.0.0.1.evil.example:{port}",
        "null",
        "http://evil.example:{port}",
        "file://",
    ],
)
def test_a_foreign_origin_is_refused(service: Service, site: Site, origin: str) -> None:
    """Another site's page must not act for the user whose cookie the browser sends."""
    origin = origin.replace("{port}", str(service.port))
    with pytest.raises(InvalidStatus) as refused:
        service.connect("/ws/index/", origin=origin, cookie=site.cookie_of("Ada"))
    assert refused.value.response.status_code == 403


@pytest.mark.promise("no-origin-no-cookie")
def test_without_an_origin_a_cookie_means_nothing(service: Service, site: Site) -> None:
    """Only browsers send Origin, and only browsers' cookies are the user's own act."""
    with service.connect("/ws/index/", origin=None, cookie=site.cookie_of("Ada")) as socket:
        assert tell(socket, {"message": "who am I?"})["sender"] == "anonymous"


@pytest.mark.promise("root-path")
def test_a_client_can_not_move_the_root_path(service: Service) -> None:
    """Daphne believes a header that clients may send; rules would see another path."""
    forged = {"Daphne-Root-Path": "/ws"}
    with pytest.raises(InvalidStatus):
        service.connect("/ws/ws/index/", additional_headers=forged)
    with service.connect("/ws/index/", additional_headers=forged) as socket:
        assert tell(socket, {"message": "x"})["message"] == "x"
