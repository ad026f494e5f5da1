"""An upstream that answers every request with what it got: path and headers, as JSON.

One whose path has ``crash`` in it is answered as by a worker that dies of it: not at all.
"""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if "crash" in self.path:
            self.server.crashes.append(self.path)  # type: ignore[attr-defined]
            self.close_connection = True
            return
        seen = {"path": self.path, "headers": [list(item) for item in self.headers.items()]}
        body = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "client"

    def log_message(self, *_: object) -> None:
        """Nothing: the answer says it all."""


class _UnixServer(ThreadingHTTPServer):
    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        """As the class above, which also looks the name of the address up."""
        self.socket.bind(self.server_address)


class Recorder:
    """Serves in threads of this process, on a port of an address or on a unix socket."""

    def __init__(self, address: tuple[str, int] | Path) -> None:
        """Listen; connections wait until it is entered."""
        self._server: ThreadingHTTPServer
        if isinstance(address, Path):
            unix: Any = str(address)
            self._server = _UnixServer(unix, _Handler)
            address.chmod(0o666)
        else:
            self._server = ThreadingHTTPServer(address, _Handler)
        self._server.daemon_threads = True
        self.crashes: list[str] = []
        self._server.crashes = self.crashes  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
