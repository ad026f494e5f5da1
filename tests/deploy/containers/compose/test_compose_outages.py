"""Redis and the database end and come back, as at an upgrade of the machine."""

from http import HTTPStatus

import pytest

from tests.conformance.sdk_process import Sdk
from tests.deploy.containers.compose.asking import ask
from tests.deploy.containers.compose.stack import Stack
from tests.live import wait_until

_ROOM = "chat:kitchen"
_KEPT = "from ws_service import get_history; print(len(get_history('chat:kitchen').publications))"


@pytest.mark.promise("redis-restart")
def test_a_restart_of_redis_loses_nothing_and_closes_nothing(stack: Stack, sdk: Sdk) -> None:
    """Its file is kept in a volume: for who is connected an upgrade of Redis is no event."""
    url = f"{stack.fronts['nginx'].live_origin}/connection/websocket"
    sdk.connect("client", url)
    listener = sdk.subscribe("client", _ROOM)
    listener.wait_for("subscribed")
    numbers = list(range(20))
    redis = stack.container("redis")
    stack.publish(_ROOM, *numbers[:10])
    listener.wait_for_data(numbers[:10])
    kept = int(stack.run_in_django(_KEPT))
    redis.restart()
    wait_until(lambda: redis.health == "healthy")
    assert int(stack.run_in_django(_KEPT)) == kept
    stack.publish(_ROOM, *numbers[10:])
    listener.wait_for_data(numbers)
    assert len(sdk.log.of("client", None, "connected")) == 1
    for event in listener.events("subscribed")[1:]:
        assert event["recovered"]
    sdk.tell("disconnect", "client")


def test_after_a_restart_of_the_database_nobody_gets_an_error(stack: Stack) -> None:
    """Connections that were kept open are dead; the first visitor afterwards must not notice."""
    front = stack.fronts["nginx"]
    chat = "/chat/lobby/"  # it reads the database
    before = [ask(front, chat).status for _ in range(20)]  # each of Gunicorn's workers has asked
    database = stack.container("db")
    database.restart()
    wait_until(lambda: database.health == "healthy")
    after = [ask(front, chat).status for _ in range(20)]
    assert set(before + after) == {HTTPStatus.OK}
    assert stack.container("web").health == "healthy"
