"""Asks a running service whether it lives and whether it is ready. Standard library only.

``python -m ws_service.probe --live``: a real WebSocket handshake. For liveness probes and
Docker's HEALTHCHECK; it does not depend on Redis, or a Redis outage would restart everything.
``python -m ws_service.probe --ready``: also a round trip through the channel layer and topics.

Exit status 0 or 1, and one line that says what is wrong.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import secrets
import socket
import sys
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ws_service.bind import DEFAULT_PORT, ENVIRONMENT_NAME, Bind
from ws_service.errors import InvalidBind
from ws_service.health import HEALTH_PATH

_ACCEPT_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
_HEAD_LIMIT_BYTES: Final = 16_384
_TEXT, _CLOSE = 0x1, 0x8


class Unhealthy(Exception):
    """The one line that says what is wrong."""


@dataclass(slots=True)
class Deadline:
    """One limit for the whole probe, however many reads it takes. Monotonic seconds."""

    at_s: float

    def arm(self, connection: socket.socket) -> None:
        left_s = self.at_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        connection.settimeout(left_s)


def live(bind: Bind, time_limit_s: float = 3.0, path: str = HEALTH_PATH) -> str:
    """Shake hands. Returns a line; raises Unhealthy with one."""
    with _Conversation(bind, time_limit_s, path):
        return f"live: {bind} shakes hands"


_PARTS = {"channel_layer": "channel layer", "topics": "topics"}


def ready(bind: Bind, time_limit_s: float = 5.0, path: str = HEALTH_PATH) -> str:
    """Shake hands and ask what carries messages. Returns a line; raises Unhealthy with one."""
    with _Conversation(bind, time_limit_s, path) as conversation:
        answer = conversation.ask_for_report()
    try:
        report = json.loads(answer)
        status, node = report["status"], report["node"]
        parts = {
            title: (report[key]["ok"], report[key]["text"])
            for key, title in _PARTS.items()
            if key in report
        }
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unhealthy(f"not ready: {bind} answers something else than a health report") from error
    if status != "ready":
        down = [f"{title} down: {text}" for title, (is_ok, text) in parts.items() if not is_ok]
        raise Unhealthy(f"not ready: {'; '.join(down)}")
    return "; ".join(
        [f"ready: {bind} is {node}", *(f"{title}: {text}" for title, (_, text) in parts.items())]
    )


class _Conversation:
    """A WebSocket just large enough for a probe; translates every failure into Unhealthy."""

    def __init__(self, bind: Bind, time_limit_s: float, path: str) -> None:
        self.bind = bind
        self.path = path
        self.time_limit_s = time_limit_s
        self.deadline = Deadline(time.monotonic() + time_limit_s)
        self.received = b""

    def __enter__(self) -> _Conversation:
        try:
            self.connection = self._connect()
        except TimeoutError:
            raise Unhealthy(f"timed out: {self.bind} did not accept a connection") from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise Unhealthy(f"refused: can't connect to {self.bind}: {reason}") from None
        try:
            self._shake_hands()
        except BaseException:
            self.connection.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.deadline.arm(self.connection)
            self.connection.sendall(_masked_frame(_CLOSE, (1000).to_bytes(2, "big")))
        except OSError:
            pass  # the answer is known; a server that is gone already changes nothing
        finally:
            self.connection.close()

    def ask_for_report(self) -> bytes:
        try:
            self.deadline.arm(self.connection)
            self.connection.sendall(_masked_frame(_TEXT, b'{"check": "ready"}'))
            opcode, payload = self._read_frame()
            while opcode not in (_TEXT, _CLOSE):
                opcode, payload = self._read_frame()
        except TimeoutError:
            raise self._timed_out("did not answer the readiness question") from None
        except OSError as error:
            raise Unhealthy(f"not ready: {self.bind} broke off: {error}") from None
        if opcode == _CLOSE:
            raise Unhealthy(f"not ready: {self.bind} closed instead of answering")
        return payload

    def _connect(self) -> socket.socket:
        if self.bind.unix_path is None:
            return socket.create_connection((self.bind.host, self.bind.port), self.time_limit_s)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(self.time_limit_s)
        try:
            connection.connect(self.bind.unix_path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _shake_hands(self) -> None:
        key = base64.b64encode(secrets.token_bytes(16))
        host = "localhost" if self.bind.unix_path else str(self.bind)
        request = (
            f"GET {self.path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key.decode()}\r\n\r\n"
        )
        try:
            self.deadline.arm(self.connection)
            self.connection.sendall(request.encode())
            head = self._read_head()
        except TimeoutError:
            raise self._timed_out("accepted a connection and did not answer") from None
        except OSError as error:
            raise Unhealthy(f"not a WebSocket: {self.bind} broke off: {error}") from None
        status_line, *header_lines = head.split("\r\n")
        parts = status_line.split(" ", 2)
        if not parts[0].startswith("HTTP/1.") or len(parts) < 2:
            raise Unhealthy(f"not a WebSocket: {self.bind} does not speak HTTP")
        if parts[1] != "101":
            raise Unhealthy(f"status {' '.join(parts[1:])}: {self.bind} refused {self.path}")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in header_lines)
        }
        proof = base64.b64encode(hashlib.sha1(key + _ACCEPT_GUID).digest()).decode()  # noqa: S324
        if headers.get("sec-websocket-accept") != proof:
            raise Unhealthy(f"not a WebSocket: {self.bind} answered 101 without a valid proof")

    def _read_head(self) -> str:
        while b"\r\n\r\n" not in self.received:
            if len(self.received) > _HEAD_LIMIT_BYTES:
                raise ConnectionError("the response's head is too long")
            self._receive_more()
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        return head.decode("latin-1")

    def _read_frame(self) -> tuple[int, bytes]:
        """One unfragmented frame (RFC 6455 section 5.2); servers don't mask."""
        first, length = self._take(2)
        if length == 126:
            length = int.from_bytes(self._take(2), "big")
        if length > _HEAD_LIMIT_BYTES:
            raise ConnectionError("the answer is too long")
        return first & 0x0F, self._take(length)

    def _take(self, count: int) -> bytes:
        while len(self.received) < count:
            self._receive_more()
        taken, self.received = self.received[:count], self.received[count:]
        return taken

    def _receive_more(self) -> None:
        self.deadline.arm(self.connection)
        chunk = self.connection.recv(4096)
        if not chunk:
            raise ConnectionError("connection closed")
        self.received += chunk

    def _timed_out(self, what: str) -> Unhealthy:
        return Unhealthy(f"timed out: {self.bind} {what} within {self.time_limit_s:g} s")


def _masked_frame(opcode: int, payload: bytes) -> bytes:
    mask = secrets.token_bytes(4)
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + masked


def _parse_target(args: argparse.Namespace) -> tuple[Bind, str]:
    if args.unix:
        return Bind(unix_path=args.unix), HEALTH_PATH
    if not args.url:
        binds = Bind.parse_list(os.environ.get(ENVIRONMENT_NAME, "")) or [Bind()]
        return binds[0].reachable(), HEALTH_PATH
    parts = urlsplit(args.url)
    if parts.scheme != "ws" or not parts.hostname:
        raise InvalidBind(
            f"--url {args.url!r}: write ws://host:port. A service that listens on TLS only"
            " needs a second, loopback listener for its probes."
        )
    path = parts.path if parts.path not in ("", "/") else HEALTH_PATH
    return Bind(parts.hostname, parts.port or DEFAULT_PORT), path


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 3600:
        raise ValueError(text)
    return seconds


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="healthcheck.py", description=__doc__)
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--live", action="store_const", dest="check", const=live)
    kind.add_argument("--ready", action="store_const", dest="check", const=ready)
    parser.add_argument("--url", help="ws://host:port[/path]; default: WS_SERVICE_BIND")
    parser.add_argument("--unix", metavar="PATH", help="a unix socket instead")
    parser.add_argument("--timeout", type=_seconds, metavar="SECONDS", help="for the whole probe")
    args = parser.parse_args(arguments)
    try:
        bind, path = _parse_target(args)
        limit = {} if args.timeout is None else {"time_limit_s": args.timeout}
        print(args.check(bind, path=path, **limit))
    except (Unhealthy, ValueError) as error:
        # One line, whatever a stranger's server has answered.
        text = "".join(char if char.isprintable() else "?" for char in str(error))
        print(text, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
