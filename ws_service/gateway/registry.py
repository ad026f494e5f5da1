"""The connections of this process, by who is on the other side; and what is ordered for them."""

import logging
from collections.abc import Iterator
from typing import Annotated, Final, Protocol

import msgspec
from msgspec import Meta

from ws_service.gateway.client import Client
from ws_service.metrics import count
from ws_service.protocol.codes import Disconnect, EndEntry, Unsubscribe

logger = logging.getLogger(__name__)


class Registered(Protocol):
    """A connection, as the registry sees it."""

    @property
    def client(self) -> Client:
        """Who is on the other side."""

    def disconnect(self, end: EndEntry) -> None:
        """End it."""

    def unsubscribe(self, channel: str, end: Unsubscribe) -> None:
        """End one of its subscriptions."""


class DisconnectOrder(msgspec.Struct, frozen=True, tag_field="do", tag="disconnect"):
    """client: one connection of the user, ``""`` for all. keep: connections that stay."""

    user: str
    client: str = ""
    keep: list[str] = []
    code: Annotated[int, Meta(ge=3000, le=4999)] = Disconnect.FORCE_DISCONNECT.value.code
    reason: str = Disconnect.FORCE_DISCONNECT.value.reason


class UnsubscribeOrder(msgspec.Struct, frozen=True, tag_field="do", tag="unsubscribe"):
    """client: one connection of the user, ``""`` for all."""

    user: str
    channel: str
    client: str = ""


_orders: Final = msgspec.json.Decoder(DisconnectOrder | UnsubscribeOrder)


class Registry:
    """For one event loop. Only clients whose user is known are in here."""

    def __init__(self) -> None:
        self._connections: dict[str, dict[Registered, None]] = {}

    def add(self, connection: Registered) -> None:
        self._connections.setdefault(connection.client.user_id, {})[connection] = None

    def remove(self, connection: Registered) -> None:
        """Harmless if it isn't here."""
        user_id = connection.client.user_id
        own = self._connections.get(user_id, {})
        own.pop(connection, None)
        if not own:
            self._connections.pop(user_id, None)

    def __iter__(self) -> Iterator[Registered]:
        for own in self._connections.values():
            yield from own

    @property
    def clients(self) -> int:
        return sum(map(len, self._connections.values()))

    @property
    def users(self) -> int:
        """How many different users; all without a name are one."""
        return len(self._connections)

    @property
    def subscriptions(self) -> int:
        return sum(len(each.client.attachments) for each in self)

    def obey(self, message: bytes) -> None:
        """Carry out what ``disconnect_user()`` or ``unsubscribe_user()`` has published."""
        try:
            order = _orders.decode(message)
        except msgspec.MsgspecError as error:
            # Of a newer version, perhaps.
            logger.warning("A control message can't be read: %s", error)
            return
        count("ws_service_orders_total")
        own = list(self._connections.get(order.user, ()))
        for connection in own:
            if order.client not in ("", connection.client.id):
                continue
            if isinstance(order, UnsubscribeOrder):
                connection.unsubscribe(order.channel, Unsubscribe.SERVER)
            elif connection.client.id not in order.keep:
                connection.disconnect(EndEntry(order.code, order.reason))
