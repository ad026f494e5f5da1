"""A client that comes to a proxy: pages by HTTP/1.1 and HTTP/2, WebSockets."""

import http.client
import json
import socket
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPMessage
from typing import Any, Final

from tests.deploy.proxies.entries import Edge
from tests.deploy.proxies.websocket import WebSocket
from tests.live import ANSWER_LIMIT_S

IPV4: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one HTTP request."""

    status: int
    headers: HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Somebody who opens the site by its name."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self.entry = edge.entry

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """One request by HTTP/1.1; `headers` may have another Host than the site's."""
        return self._ask(self._socket(), path, headers or {})

    def post(self, path: str, body: bytes) -> Answer:
        """One request with a body, by HTTP/1.1."""
        return self._ask(self._socket(), path, {}, body)

    def plain_get(self, port: int, path: str) -> Answer:
        """One request without TLS, whatever that port is for."""
        return self._ask(self._plain_socket(port), path, {})

    def _ask(
        self,
        sock: socket.socket,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> Answer:
        with sock:
            connection = http.client.HTTPConnection(self.entry.host)
            connection.sock = sock
            own = {"Host": self.entry.authority}
            method = "GET" if body is None else "POST"
            connection.request(method, path, body, headers={**own, **headers})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def begin_to_post(self, path: str) -> socket.socket:
        """A request whose body never comes to its end; yours to close."""
        sock = self._socket()
        lines = (f"POST {path} HTTP/1.1", f"Host: {self.entry.authority}", "Content-Length: 100")
        sock.sendall("\r\n".join((*lines, "", "begun")).encode())
        return sock

    def is_let_in(self) -> bool:
        """Whether the proxy listens and, if it makes its certificate itself, has it."""
        try:
            self._socket().close()
        except (ConnectionRefusedError, FileNotFoundError, ssl.SSLError):
            return False
        return True

    def shake_hands(self, name: str) -> None:
        """Ask for a name by TLS alone, without a request."""
        with self._plain_socket() as sock, self.tls.wrap_socket(sock, server_hostname=name):
            pass

    def curl(self, path: str, *options: str) -> subprocess.CompletedProcess[str]:
        """One request by curl: of several protocols it takes the best that is offered."""
        entry = self.entry
        return subprocess.run(
            [
                *("curl", "--silent", "--show-error", "--max-time", f"{ANSWER_LIMIT_S:.0f}"),
                *("--noproxy", "*", "--resolve", f"{entry.host}:{entry.port}:{IPV4}"),
                *(("--cacert", str(self._edge.authority_file)) if entry.is_tls else ()),
                *options,
                f"{entry.origin}{path}",
            ],
            capture_output=True,
            text=True,
            timeout=ANSWER_LIMIT_S + 5,
        )

    def url(self, path: str) -> str:
        """The address of a WebSocket."""
        return f"{self.entry.origin.replace('http', 'ws', 1)}{path}"

    def connect(self, path: str, *, origin: str | None = "own") -> WebSocket:
        """Open a WebSocket as a page of this site does, or of another origin.

        Raises:
            InvalidStatus: the handshake was refused.
        """
        own = self.entry.origin if origin == "own" else origin
        return WebSocket(self._socket(), self.url(path), own)

    def node(self) -> str:
        """The name of the service process that a new connection comes to."""
        with self.connect("/ws/health/") as connection:
            return str(connection.health()["node"])

    @property
    def tls(self) -> ssl.SSLContext:
        """Trusts the authority of this proxy's certificate only."""
        return ssl.create_default_context(cafile=str(self._edge.authority_file))

    def _socket(self) -> socket.socket:
        plain = self._plain_socket()
        if not self.entry.is_tls:
            return plain
        return self.tls.wrap_socket(plain, server_hostname=self.entry.host)

    def _plain_socket(self, port: int | None = None) -> socket.socket:
        address = (IPV4, port or self.entry.port)
        return socket.create_connection(address, timeout=ANSWER_LIMIT_S)
