"""A method that hangs is given up in time, and nobody waits for it but its caller."""

from collections.abc import Callable, Iterator

import pytest

from tests.conformance.publisher import SETTINGS
from tests.gateway.client import Client
from tests.gateway.conftest import SERVERS
from tests.live import Service, Site, wait_until


@pytest.fixture(scope="module")
def served(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The push site: the gateway site has no methods."""
    log = tmp_path_factory.mktemp("calls") / "service.log"
    service = Service(site, log, SERVERS["uvicorn"], settings=SETTINGS)
    service.start()
    yield service
    service.stop()


def test_a_call_that_hangs_is_a_temporary_error(
    served: Service, client: Client, open_client: Callable[..., Client], name: str
) -> None:
    """Client libraries wait 5 s; meanwhile the page goes on."""
    hanging = client.command("rpc", method="hang")
    client.say(hanging)
    assert client.ask("rpc", method="greet", data={"name": "Bob"})["rpc"]["data"]
    assert client.ask("subscribe", channel=f"open:{name}")["subscribe"]
    other = open_client()
    assert other.ask("rpc", method="greet", data={"name": "Bob"})["rpc"]["data"]
    error = client.reply_to(hanging["id"])["error"]
    assert error == {"code": 100, "message": "internal server error", "temporary": True}
    wait_until(lambda: "hang" in served.child.tail(100))


def test_a_caller_that_leaves_is_not_waited_for(
    client: Client, open_client: Callable[..., Client]
) -> None:
    """Its method is cancelled, and its answer has nobody to go to."""
    client.say(client.command("rpc", method="hang"))
    client.socket.close()
    assert open_client().ask("rpc", method="nothing")["rpc"] in ({}, {"data": None})
