"""Plain requests and WebSockets through a proxy, with any headers."""

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from devkit.ports import IPV4
from tests.deploy.containers.compose.stack import Front, Stack
from tests.deploy.containers.docker import Container
from tests.deploy.proxies.websocket import WebSocket
from tests.live import ANSWER_LIMIT_S, wait_until


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
        connection.request("GET", path, headers=_named(headers))
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, response.read())
    finally:
        connection.close()


def open_socket(front: Front, path: str, *, has_origin: bool = True, **headers: str) -> WebSocket:
    """A WebSocket of a page of this origin, or of a program, which has none."""
    parts = urlsplit(front.origin)
    sock = socket.create_connection((IPV4, parts.port or 0), ANSWER_LIMIT_S)
    if front.tls:
        sock = front.tls.wrap_socket(sock, server_hostname=parts.hostname)
    origin = front.origin if has_origin else None
    return WebSocket(sock, f"{front.live_origin}{path}", origin, _named(headers))


def hear(connection: WebSocket) -> Any:
    """The next message, decoded."""
    return json.loads(connection.recv())


def node_behind(front: Front) -> str:
    """Which process of the service a new connection gets."""
    with open_socket(front, "/ws/chat/somewhere/") as connection:
        return str(hear(connection)["node"])


def bring_back(stack: Stack, replica: Container) -> None:
    """Start a replica that has ended, and wait until new connections come to it, too."""
    replica.start()
    wait_until(lambda: node_behind(stack.fronts["nginx"]).startswith(replica.ident[:12]))


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
