"""A WebSocket that needs no thread of its own.

The synchronous client of `websockets` reads in one thread and writes in another. OpenSSL allows no
such use of one TLS connection, and on a busy machine some handshakes then never end.
"""

import json
import socket
from collections import deque
from collections.abc import Mapping
from typing import Any, Self

from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State
from websockets.uri import parse_uri

_PIECE_BYTES = 65536


class WebSocket:
    """A connection that is open once it is made.

    Every wait ends by the socket's own time-out, with TimeoutError.
    """

    def __init__(
        self,
        sock: socket.socket,
        url: str,
        origin: str | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Shake hands.

        headers: more of them, as the client's own.

        Raises:
            InvalidStatus: it was refused.
        """
        self._socket = sock
        self._protocol = ClientProtocol(parse_uri(url), origin=origin)  # type: ignore[arg-type]
        self._events: deque[Event] = deque()
        self._is_over = False
        request = self._protocol.connect()
        request.headers.update(headers or {})
        self._protocol.send_request(request)
        self._flush()
        self._next_event()
        if self._protocol.handshake_exc is not None:
            self._socket.close()
            raise self._protocol.handshake_exc

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, text: str) -> None:
        self._protocol.send_text(text.encode())
        self._flush()

    def recv(self) -> str:
        """The next message.

        Raises:
            ConnectionClosed: there will be none.
        """
        while (event := self._next_event()) is not None:
            if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                return bytes(event.data).decode()
        raise self._protocol.close_exc

    def health(self) -> Any:
        """What `/ws/health/` answers to one message."""
        self.send("")
        return json.loads(self.recv())

    def close(self) -> None:
        """Say goodbye and wait for the answer."""
        try:
            if self._protocol.state is State.OPEN:
                self._protocol.send_close(1000)
                self._flush()
            while True:
                self.recv()
        except (ConnectionClosed, OSError):
            pass  # as it was asked to, or it had ended already
        finally:
            self._socket.close()

    def _next_event(self) -> Event | None:
        """The next frame, or the handshake's answer; None when the connection has ended."""
        while not self._events and not self._is_over:
            data = self._socket.recv(_PIECE_BYTES)
            if data:
                self._protocol.receive_data(data)
            else:
                self._is_over = True
                self._protocol.receive_eof()
            self._flush()
            self._events.extend(self._protocol.events_received())
        return self._events.popleft() if self._events else None

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._socket.sendall(data)
            else:  # the protocol's end of sending; TLS has no half-closed connections
                self._is_over = True
