"""A site with topics, a real Valkey, and the HTTP API in a thread of the test's own process."""

import http.client
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from types import ModuleType
from typing import Any

import pytest
import redis

from devkit.redis_server import RedisServer
from tests.publishing.store import Store
from ws_service import History, Topic, topic
from ws_service.api import Api, ApiListener
from ws_service.bind import Bind
from ws_service.publishing.broker import close_publisher

KEY = "0123456789abcdef"
ANSWER_LIMIT_S = 10.0
_prefixes = count(1)


class Orders(Topic):
    """Kept for a while."""

    history = History(size=100, ttl=timedelta(minutes=10))


class Cursor(Topic):
    """Only the present is of interest."""

    history = None


class Room(Topic):
    """It is known who is there."""

    presence = True


@dataclass(frozen=True)
class Response:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Caller:
    """An HTTP client that can also do it wrong."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_LIMIT_S)

    def request(
        self, verb: str, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Response:
        """headers: the right key, unless given."""
        with closing(self.connection()) as connection:
            given = {"X-API-Key": KEY} if headers is None else headers
            # Bytes: http.client would refuse what Latin-1 can't write, and send the rest as it is.
            connection.request(verb, path, body, {n: v.encode() for n, v in given.items()})
            response = connection.getresponse()
            return Response(response.status, dict(response.getheaders()), response.read())

    def post(self, method: str, data: Any, *, transport: bool = False) -> Response:
        headers = {"X-API-Key": KEY}
        if transport:
            headers["X-Centrifugo-Error-Mode"] = "transport"
        return self.request("POST", f"/api/{method}", json.dumps(data).encode(), headers)

    def ask(self, method: str, **fields: Any) -> Any:
        """The whole answer to a request that HTTP calls a success."""
        response = self.post(method, fields)
        assert response.status == 200, response
        return response.data

    def result(self, method: str, **fields: Any) -> Any:
        answer = self.ask(method, **fields)
        assert "error" not in answer, answer
        return answer["result"]

    def error(self, method: str, **fields: Any) -> tuple[int, str]:
        error = self.ask(method, **fields)["error"]
        assert set(error) == {"code", "message"}
        return error["code"], error["message"]


@pytest.fixture
def routing(monkeypatch: pytest.MonkeyPatch) -> str:
    module = ModuleType("api_routing")
    vars(module)["topics"] = [
        topic("orders:<int:pk>", Orders, name="order"),
        topic("cursor:<str:name>", Cursor),
        topic("room:<str:name>", Room),
    ]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module.__name__


@pytest.fixture
def store(settings: Any, routing: str, redis_server: RedisServer) -> Iterator[Store]:
    """The shared Valkey, under names that no other test uses."""
    prefix = f"a{next(_prefixes)}"
    settings.WS_SERVICE = {
        "ROUTING": routing,
        "REDIS_URL": redis_server.url,
        "PREFIX": prefix,
        "MAX_PUBLICATION_SIZE": 1_000,
    }
    with redis.Redis(port=redis_server.port) as client:
        yield Store(client, prefix)
    close_publisher()


@pytest.fixture
def api(store: Store) -> Iterator[Caller]:
    """The API of the site whose data is in ``store``."""
    listener = ApiListener(Api(KEY), Bind(port=0))
    listener.start()
    yield Caller(listener.bind.port)
    listener.stop()
