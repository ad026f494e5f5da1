"""The gateway beside the site: tokens in, the site's own publications out."""

import json
from typing import Any

import pytest

from tests.conformance.sdk_process import Sdk
from tests.deploy.containers.compose.asking import open_socket
from tests.deploy.containers.compose.stack import Front, Stack
from tests.deploy.proxies.websocket import WebSocket

_NEW_ORDER = """
from example.accounts.models import User
from example.orders.models import Order
print(Order.objects.create(customer=User.objects.get(name="Ada"), item="A card punch").pk)
"""
_CHANGE = """
from example.orders.models import Order
order = Order.objects.get(pk={order})
for order.state in ("paid", "packed", "shipped"):
    order.save()
"""
PERMISSION_DENIED = 103


@pytest.fixture
def order(stack: Stack) -> int:
    """A new one of Ada's; its number."""
    return int(stack.run_in_django(_NEW_ORDER))


def test_a_program_with_tokens_hears_what_the_site_publishes(
    stack: Stack, sdk: Sdk, order: int
) -> None:
    """The official SDK, with a token for who it is and one for what it may see; the site publishes
    as it always does, by saving.
    """
    url = f"{stack.fronts['nginx'].live_origin}/gateway/connection/websocket"
    topic = f"orders:{order}"
    sdk.connect("phone", url, token=stack.manage("token", "ada@example.org"))
    token = stack.manage("token", "ada@example.org", "--topic", topic)
    listener = sdk.subscribe("phone", topic, token=token)
    assert listener.wait_for("subscribed")["recoverable"]

    stack.run_in_django(_CHANGE.format(order=order))
    listener.wait_for("publication", 3)
    assert [each["state"] for each in listener.data] == ["paid", "packed", "shipped"]

    stack.manage("notify", "ada@example.org", "Your card punch is on its way")
    ada = stack.run_in_django(
        "from example.accounts.models import User; print(User.objects.get(name='Ada').pk)"
    )
    own = sdk.log.wait(
        lambda: sdk.log.of("phone", f"#{ada}", "publication"), "the bell of Ada's phone"
    )
    assert own[0]["data"]["new"]["text"] == "Your card punch is on its way"
    sdk.tell("disconnect", "phone")


def test_without_tokens_only_what_is_public_is_there(front: Front, order: int) -> None:
    """The file says who may see what; nobody else does. Through each proxy."""
    with open_socket(front, "/gateway/connection/websocket", has_origin=False) as socket:
        assert "error" not in answer(socket, {"id": 1, "connect": {}})
        denied = answer(socket, {"id": 2, "subscribe": {"channel": f"orders:{order}"}})
        assert denied["error"]["code"] == PERMISSION_DENIED
        assert "error" not in answer(socket, {"id": 3, "subscribe": {"channel": "ticker"}})


def answer(socket: WebSocket, command: dict[str, Any]) -> Any:
    """The answer to a command; a message may have several lines, and prices come meanwhile."""
    socket.send(json.dumps(command))
    while True:
        for line in socket.recv().splitlines():
            if (found := json.loads(line)).get("id") == command["id"]:
                return found


def test_it_has_neither_the_site_s_key_nor_its_database(stack: Stack) -> None:
    """Whoever breaks into it can forge no Django session and read no table."""
    gateway = stack.container("gateway")
    names = set()
    for environment in (
        gateway.inspect("Config", "Env"),
        gateway.execute("cat", "/proc/1/environ").split("\0"),
    ):
        names |= {each.partition("=")[0] for each in environment if each}
    assert {"REDIS_URL", "WS_SERVICE_TOKEN_KEY"} <= names
    assert not names & {"SECRET_KEY", "DATABASE_URL", "POSTGRES_PASSWORD"}
    secrets = stack.container("web").inspect("Config", "Env")
    key = next(each.partition("=")[2] for each in secrets if each.startswith("SECRET_KEY="))
    assert key not in json.dumps(gateway.inspect())
