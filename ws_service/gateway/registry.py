"""The connections of this process, by who is on the other side; and what is ordered for them."""

import asyncio
import logging
import time
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

    @property
    def is_connected(self) -> bool:
        """Whether the client knows that it is."""

    def disconnect(self, end: EndEntry) -> None:
        """End it."""

    def unsubscribe(self, channel: str, end: Unsubscribe) -> None:
        """End one of its subscriptions."""


class DisconnectOrder(msgspec.Struct, frozen=True, tag_field="do", tag="disconnect"):
    """client: one connection of the user, ``""`` for all. keep: connections that stay.

    at: Unix time of the order; 0 where it isn't told.
    """

    user: str
    client: str = ""
    keep: list[str] = []
    at: float = 0.0
    code: Annotated[int, Meta(ge=3000, le=4999)] = Disconnect.FORCE_DISCONNECT.value.code
    reason: str = Disconnect.FORCE_DISCONNECT.value.reason


class UnsubscribeOrder(msgspec.Struct, frozen=True, tag_field="do", tag="unsubscribe"):
    """client: one connection of the user, ``""`` for all. at: as above."""

    user: str
    channel: str
    client: str = ""
    at: float = 0.0


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
        """How many are connected."""
        return sum(each.is_connected for each in self)

    @property
    def users(self) -> int:
        """How many different users are; all without a name are one."""
        return sum(any(e.is_connected for e in own) for own in self._connections.values())

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
        for connection in list(self._connections.get(order.user, ())):
            if order.client in ("", connection.client.id):
                _carry_out(order, connection, _may_be_older(order, connection))


def _carry_out(
    order: DisconnectOrder | UnsubscribeOrder, connection: Registered, may_be_older: bool
) -> None:
    """may_be_older: the order, than the connection. Then nothing is for good: the client comes
    back, and whether it still may is found out anew.
    """
    if isinstance(order, UnsubscribeOrder):
        end = Unsubscribe.INSUFFICIENT_STATE if may_be_older else Unsubscribe.SERVER
        connection.unsubscribe(order.channel, end)
    elif connection.client.id not in order.keep:
        given = EndEntry(order.code, order.reason)
        connection.disconnect(Disconnect.FORCE_RECONNECT.value if may_be_older else given)


def _may_be_older(order: DisconnectOrder | UnsubscribeOrder, connection: Registered) -> bool:
    """Whether this process hears of it late, and what it is about has begun meanwhile.

    Where the clocks of two machines differ, a connection may be taken for younger than it is: it
    ends as well, and is asked anew who it is.
    """
    begun_s = connection.client.opened_s
    if isinstance(order, UnsubscribeOrder):
        attachment = connection.client.attachments.get(order.channel)
        begun_s = attachment.begun_s if attachment else begun_s
    late_s = time.time() - order.at if order.at else 0.0
    return asyncio.get_running_loop().time() - begun_s < late_s
