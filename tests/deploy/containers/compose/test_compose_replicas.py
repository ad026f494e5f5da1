"""One replica of two goes away: in order, by force, and to come back at another address."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.conformance.sdk_process import Sdk, Subscriber
from tests.deploy.containers.compose.asking import bring_back, node_behind
from tests.deploy.containers.compose.stack import Stack
from tests.deploy.containers.docker import Container, docker
from tests.live import wait_until

CLIENTS = 24
SQUATTERS = 5
ELSEWHERE_LIMIT_S = 5.0
# 100 publications are kept (ChatTopic): at this rhythm enough for ten seconds.
RHYTHM_S = 0.1
_ROOM = "chat:workshop"
_numbers = itertools.count(1)


@contextmanager
def rhythm(stack: Stack, topic: str) -> Iterator[list[int]]:
    """Something is published ten times a second meanwhile; gives what was."""
    published: list[int] = []
    stopping = threading.Event()

    def publish() -> None:
        while not stopping.wait(RHYTHM_S):
            number = next(_numbers)
            stack.publish(topic, number)
            published.append(number)

    thread = threading.Thread(target=publish, name="rhythm")
    thread.start()
    try:
        yield published
    finally:
        stopping.set()
        thread.join()


def node_of(sdk: Sdk, client: str) -> str:
    return str(sdk.ask(client, "rpc", method="node", data={})["data"]["node"])


@pytest.mark.promise("replica-gone")
@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_clients_of_a_replica_that_ends_are_elsewhere_and_have_missed_nothing(
    stack: Stack, sdk: Sdk, signal: str
) -> None:
    """In order, as at each deployment, or by force, as when a machine dies."""
    url = f"{stack.fronts['nginx'].live_origin}/connection/websocket"
    listeners: dict[str, Subscriber] = {}
    with rhythm(stack, _ROOM) as published:
        for number in range(CLIENTS):
            client = f"client-{number}"
            sdk.connect(client, url)
            listeners[client] = sdk.subscribe(client, _ROOM)
        for listener in listeners.values():
            listener.wait_for("subscribed")
        places = {client: node_of(sdk, client) for client in listeners}
        assert len(set(places.values())) == 2, "the proxy uses one replica only"
        gone = places["client-0"]
        moved = [client for client, node in places.items() if node == gone]
        first = {client: len(sdk.log.of(client, None, "connected")) for client in listeners}
        replica = stack.replica(gone)
        began = time.monotonic()
        replica.signal(signal)
        try:
            for client in moved:
                again = sdk.connected(client, first[client] + 1)
                listeners[client].wait_for("subscribed", 2)
                assert again["at"] - began < ELSEWHERE_LIMIT_S
                assert node_of(sdk, client) != gone
            wait_until(lambda: not replica.is_running)
            assert replica.exit_code == (0 if signal == "TERM" else 137)
        finally:
            bring_back(stack, replica)
        stayed = [client for client in listeners if client not in moved]
        assert all(len(sdk.log.of(each, None, "connected")) == first[each] for each in stayed)
    for client, listener in listeners.items():
        seen = listener.data
        expected = published[published.index(seen[0]) :]
        listener.wait_for_data(expected)
        assert all(
            event["recovered"] for event in listener.events("subscribed") if event["wasRecovering"]
        ), client
        sdk.tell("disconnect", client)


def test_a_replica_that_comes_back_at_another_address_is_found(stack: Stack) -> None:
    """nginx by itself looks names up once, at its start: then a new container is never used."""
    old, other = stack.containers("ws")
    address = address_of(stack, old)
    docker("rm", "--force", old.ident)
    with ExitStack() as squatters:
        take_address(stack, address, squatters)
        up = ("up", "--detach", "--wait", "--no-recreate", "--no-build", "--pull", "never")
        stack.compose(*up, "ws")
        (new,) = (each for each in stack.containers("ws") if each.ident != other.ident)
        assert address_of(stack, new) != address
        for front in stack.fronts.values():
            wait_until(lambda front=front: node_behind(front).startswith(new.ident[:12]))


def take_address(stack: Stack, address: str, squatters: ExitStack) -> None:
    """Start other containers where the proxies are, until one has this address.

    Docker can't be asked for it. Some versions give the lowest that is free, others the next one:
    then it isn't given again anyway.
    """
    image = stack.container("redis").inspect("Config", "Image")
    options = ("--network", f"{stack.name}_front", "--entrypoint", "sleep")
    for _ in range(SQUATTERS):
        squatter = squatters.enter_context(Container.run(image, "600", options=options))
        if squatter.address == address:
            return


def address_of(stack: Stack, container: Container) -> str:
    """Its own where the proxies are."""
    networks = container.inspect("NetworkSettings", "Networks")
    return str(networks[f"{stack.name}_front"]["IPAddress"])
