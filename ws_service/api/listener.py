"""The thread that serves the HTTP API, beside the WebSockets."""

import logging
import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Self
from wsgiref.types import WSGIApplication

from waitress.server import BaseWSGIServer, create_server
from waitress.wasyncore import dispatcher

from ws_service.bind import Bind, remove_stale_socket
from ws_service.errors import CannotListen

logger = logging.getLogger(__name__)

THREADS: Final = 4
"""Requests at once; further ones wait for their turn."""

CONNECTIONS_LIMIT: Final = 1_000
"""Open connections; further ones wait in the backlog."""

BACKLOG: Final = 128

IDLE_LIMIT_S: Final = 20
"""Of a connection without a byte."""

HEADERS_LIMIT_BYTES: Final = 16_384

BODY_LIMIT_BYTES: Final = 4_194_304
"""Of one request. Past it the answer is 413."""

STOP_LIMIT_S: Final = 3
"""For requests that are being answered when the service stops."""

_SOCKET_MODE: Final = 0o660


class ApiListener:
    """Listens from its making on, serves between ``start()`` and ``stop()``, or ``with`` it.

    Raises CannotListen.
    """

    def __init__(self, application: WSGIApplication, bind: Bind) -> None:
        # Each request that waits for a thread would be a line of its own.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._bind = bind
        listening = _listening_socket(bind)
        self._port: int = 0 if bind.unix_path else listening.getsockname()[1]
        self._map: dict[int, Any] = {}
        options: dict[str, Any] = {
            "sockets": [listening],
            "threads": THREADS,
            "connection_limit": CONNECTIONS_LIMIT,
            "backlog": BACKLOG,
            "channel_timeout": IDLE_LIMIT_S,
            "max_request_header_size": HEADERS_LIMIT_BYTES,
            "max_request_body_size": BODY_LIMIT_BYTES,
            # A service has thousands of open files, and select() takes the first 1,024 only.
            "asyncore_use_poll": True,
            "ident": "ws-service",
        }
        create_server(application, map=self._map, **options)
        (self._server,) = (each for each in self._map.values() if isinstance(each, BaseWSGIServer))
        self._trigger: Any = self._server.trigger
        self._thread = threading.Thread(target=self._server.run, name="ws-service-api", daemon=True)

    @property
    def bind(self) -> Bind:
        """Where it listens; the port that was given for port 0."""
        if self._bind.unix_path is not None:
            return self._bind
        return Bind(self._bind.host, self._port)

    def start(self) -> None:
        logger.info("The HTTP API listens on %s", self.bind)
        if not _is_loopback(self.bind):
            logger.warning(
                "The HTTP API is open to more than this machine: who reaches %s and has the key"
                " may publish everything. Let nobody in from outside.",
                self.bind,
            )
        self._thread.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take no more requests, finish those that are being answered, close all.

        One that hangs keeps its thread and a pipe; then it may be called again.
        """
        self._in_its_thread(lambda: dispatcher.close(self._server))
        self._server.task_dispatcher.shutdown(timeout=STOP_LIMIT_S)
        self._in_its_thread(self._close_connections)
        self._thread.join(STOP_LIMIT_S)
        if not self._server.task_dispatcher.threads:
            self._trigger.close()  # not earlier: who pulls it would write into another's file
        if self._bind.unix_path is not None:
            Path(self._bind.unix_path).unlink(missing_ok=True)

    def _close_connections(self) -> None:
        for each in list(self._map.values()):
            if each is not self._trigger:
                each.close()
        self._map.clear()  # which ends the thread

    def _in_its_thread(self, change: Callable[[], None]) -> None:
        self._trigger.pull_trigger(change)


def _listening_socket(bind: Bind) -> socket.socket:
    """Raises CannotListen."""
    try:
        return _unix_socket(bind.unix_path) if bind.unix_path else _tcp_socket(bind)
    except OSError as error:
        raise CannotListen(bind, error.strerror or str(error)) from error


def _tcp_socket(bind: Bind) -> socket.socket:
    (found, *_) = socket.getaddrinfo(
        bind.host, bind.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, _, _, _, address = found
    return socket.create_server(address[:2], family=family, backlog=BACKLOG)


def _unix_socket(path: str) -> socket.socket:
    remove_stale_socket(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(path)
        Path(path).chmod(_SOCKET_MODE)  # before anybody can connect: it doesn't listen yet
    except OSError:
        listening.close()
        raise
    return listening


def _is_loopback(bind: Bind) -> bool:
    if bind.unix_path is not None or bind.host == "localhost":
        return True
    try:
        return ip_address(bind.host).is_loopback
    except ValueError:  # a name: who knows
        return False
