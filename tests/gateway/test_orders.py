"""What a site orders for a user holds for whoever is only about to connect or to subscribe."""

from collections.abc import Callable

import pytest

from tests.gateway import tokens
from tests.gateway.client import Client
from tests.gateway.conftest import Gate, State
from tests.live import Site, wait_until
from ws_service import disconnect_user, publish, unsubscribe_user

Open = Callable[..., Client]
CloseGate = Callable[[str], Gate]
ORDERS = "ws_service_orders_total"
DISCONNECTED = (3503, "force disconnect")
NAMES = ("Ada", "Grace", "Leaving")
USERS = f"""
from django.contrib.auth import get_user_model
get_user_model().objects.create_user(email="leaving@example.com", name="Leaving", password="x")
print(*(get_user_model().objects.get(name=name).pk for name in {NAMES}))
"""

pytestmark = [
    pytest.mark.once,
    pytest.mark.django_db,
    pytest.mark.parametrize("served", ["daphne"], indirect=True),
]


@pytest.fixture(scope="module")
def users(site: Site) -> dict[str, str]:
    """Ids by names."""
    return dict(zip(NAMES, site.run_in_django(USERS).split(), strict=True))


@pytest.fixture
def ada(users: dict[str, str]) -> str:
    """Her id."""
    return users["Ada"]


@pytest.fixture(autouse=True)
def obedient(publishing: None, open_client: Open, state: State) -> None:
    """The process hears orders: it begins with its first client."""

    def has_obeyed() -> bool:
        disconnect_user("nobody")
        return state.count(ORDERS) > 0

    open_client()
    wait_until(has_obeyed)


@pytest.fixture
def wait_until_obeyed(open_client: Open, users: dict[str, str]) -> Callable[[], None]:
    """Orders are obeyed one after the other: the last one ends a client that waits for it."""

    def wait_until_obeyed() -> None:
        witness = open_client(is_connected=False)
        hello = witness.ask("connect", token=tokens.connection(users["Grace"]))["connect"]
        disconnect_user(users["Grace"], client=hello["client"])
        assert witness.end() == DISCONNECTED

    return wait_until_obeyed


def test_who_has_not_said_connect_yet_is_disconnected_too(
    open_client: Open, state: State, site: Site, ada: str
) -> None:
    """The handshake's cookie counts for ten seconds: time enough to outlive a logout."""
    client = open_client(is_connected=False, cookie=site.cookie_of("Ada"))
    wait_until(lambda: state["registered"].get(ada))
    disconnect_user(ada)
    assert client.end() == DISCONNECTED


def test_who_is_being_looked_up_is_disconnected_too(
    open_client: Open, close_gate: CloseGate, ada: str
) -> None:
    """The user has been read as active, and is switched off before anybody knows the answer."""
    gate = close_gate("users")
    client = open_client(is_connected=False)
    client.say(client.command("connect", token=tokens.connection(ada)))
    gate.wait_for_somebody()
    disconnect_user(ada)
    assert client.end() == DISCONNECTED


def test_a_subscription_that_is_being_asked_for_is_refused(
    open_client: Open,
    close_gate: CloseGate,
    wait_until_obeyed: Callable[[], None],
    ada: str,
    name: str,
) -> None:
    """The policy has read its row, then the site deletes the row and orders this."""
    gate = close_gate(name)
    client = open_client(is_connected=False)
    client.ask("connect", token=tokens.connection(ada))
    command = client.command("subscribe", channel=f"gated:{name}")
    client.say(command)
    gate.wait_for_somebody()
    unsubscribe_user(ada, f"gated:{name}")
    wait_until_obeyed()
    gate.open()
    assert client.reply_to(command["id"])["error"]["code"] == 103
    publish(f"gated:{name}", "not for her", on_commit=False)
    assert client.ask("subscribe", channel=f"open:{name}")["subscribe"]
    publish(f"open:{name}", "hers", on_commit=False)
    assert client.publication() == "hers"


def test_the_servers_own_subscription_ends_before_the_client_is_told_of_it(
    open_client: Open,
    close_gate: CloseGate,
    wait_until_obeyed: Callable[[], None],
    ada: str,
    name: str,
) -> None:
    """One topic's rules are still being asked when the site takes another one away."""
    gate = close_gate(name)
    client = open_client(is_connected=False)
    lost, kept = f"open:{name}", f"gated:{name}"
    command = client.command("connect", token=tokens.connection(ada, channels=[lost, kept]))
    client.say(command)
    gate.wait_for_somebody()
    unsubscribe_user(ada, lost)
    wait_until_obeyed()
    gate.open()
    assert set(client.reply_to(command["id"])["connect"]["subs"]) == {kept}
    for channel in (lost, kept):
        publish(channel, channel, on_commit=False)
    assert client.publication() == kept


def test_who_deletes_the_own_account_keeps_its_name_until_the_end(
    open_client: Open, state: State, users: dict[str, str], name: str
) -> None:
    """Django takes the id from the very user who is calling: orders would miss it for ever."""
    leaving = users["Leaving"]
    client = open_client(is_connected=False)
    client.ask("connect", token=tokens.connection(leaving))
    assert client.ask("subscribe", channel="leaving")["subscribe"]
    client.ask("subscribe", channel=f"watched:{name}")
    assert client.hear()["push"]["join"]["info"]["user"] == leaving
    disconnect_user(leaving)
    assert client.end() == DISCONNECTED
    wait_until(lambda: leaving not in state["registered"])
