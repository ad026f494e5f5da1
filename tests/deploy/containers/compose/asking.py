"""Plain requests and WebSockets through a proxy, with any headers."""

import http.client
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect

from tests.deploy.containers.compose.stack import Front
from tests.live import ANSWER_LIMIT_S, hear


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. headers: their names in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(front: Front, path: str, **headers: str) -> Answer:
    """GET; a header's name is written with "_" for "-"."""
    parts = urlsplit(front.origin)
    connection = (
        http.client.HTTPSConnection(parts.netloc, timeout=ANSWER_LIMIT_S, context=front.tls)
        if front.tls
        else http.client.HTTPConnection(parts.netloc, timeout=ANSWER_LIMIT_S)
    )
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers=sent)
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, response.read())
    finally:
        connection.close()


def open_socket(
    front: Front, path: str, *, has_origin: bool = True, **headers: str
) -> ClientConnection:
    """A WebSocket of a page of this origin, or of a program, which has none."""
    options: dict[str, Any] = {"ssl": front.tls} if front.tls else {}
    return connect(
        f"{front.live_origin}{path}",
        origin=front.origin if has_origin else None,
        additional_headers={name.replace("_", "-"): value for name, value in headers.items()},
        open_timeout=ANSWER_LIMIT_S,
        close_timeout=ANSWER_LIMIT_S,
        proxy=None,
        **options,
    )


def node_behind(front: Front) -> str:
    """Which process of the service a new connection gets."""
    with open_socket(front, "/ws/chat/somewhere/") as socket:
        return str(hear(socket)["node"])
