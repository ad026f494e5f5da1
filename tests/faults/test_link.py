"""The link between a service and its Redis does to the service what it is told to."""

import socket

import pytest
import redis

from devkit.redis_server import RedisServer
from tests.faults.link import Link


def client_of(link: Link) -> redis.Redis:
    return redis.Redis(port=link.port, socket_timeout=0.2, retry=None)


def test_what_is_not_disturbed_arrives(redis_server: RedisServer) -> None:
    """A fault must be the test's own, and payloads are larger than one packet."""
    with Link(redis_server.port) as link, client_of(link) as client:
        value = b"x" * 3_000_000
        client.set("link", value)
        assert client.get("link") == value


def test_a_cut_ends_connections_at_once(redis_server: RedisServer) -> None:
    """As when a machine in between restarts."""
    with Link(redis_server.port) as link, socket.create_connection(("127.0.0.1", link.port)) as end:
        end.sendall(b"PING\r\n")
        assert end.recv(100) == b"+PONG\r\n"
        assert link.cut() == 1
        with pytest.raises(ConnectionResetError):
            end.recv(100)
        assert client_of(link).ping()


def test_a_half_open_link_takes_everything_and_answers_nothing(redis_server: RedisServer) -> None:
    """As when a firewall has forgotten a connection: no error, no end, no answer."""
    with Link(redis_server.port) as link, client_of(link) as client, client_of(link) as other:
        assert client.ping()
        link.half_open()
        for each in (client, other):
            with pytest.raises(redis.TimeoutError):
                each.ping()
        link.mend()
        assert client.ping()


def test_a_link_that_is_down_refuses(redis_server: RedisServer) -> None:
    """While Redis is away a client is refused, and must not wait."""
    with Link(redis_server.port) as link:
        with link.down(), client_of(link) as client, pytest.raises(redis.ConnectionError):
            client.ping()
        with client_of(link) as client:
            assert client.ping()
