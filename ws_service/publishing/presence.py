"""Who is subscribed to a topic, for the site's own code."""

from collections.abc import Callable
from dataclasses import dataclass

from asgiref.sync import sync_to_async
from django.utils.asyncio import async_unsafe

from ws_service.broker.keys import Keys
from ws_service.broker.leases import nodes_answer, nodes_call
from ws_service.broker.presence import clients_call, read_answer, users_call
from ws_service.broker.scripts import Call
from ws_service.errors import NotAvailable
from ws_service.publishing.broker import publisher
from ws_service.publishing.client_info import ClientInfo, decode_client_info
from ws_service.topics import site_topics


@dataclass(frozen=True, slots=True)
class PresenceStats:
    """num_clients: connections. num_users: different users; all who are anonymous are one."""

    num_clients: int
    num_users: int


@async_unsafe("get_presence() waits for Redis: in asynchronous code, await aget_presence().")
def get_presence(topic: str) -> dict[str, ClientInfo]:
    """Who is subscribed to a topic now, in all service processes, by client id.

    Clients of a process that died are left out when its lease ends (``PRESENCE_LEASE``). A topic
    with hundreds of clients is read a part at a time: who comes or goes meanwhile may be missing.

    Raises NotAvailable where the topic's ``presence`` is off, UnknownTopic, InvalidTopicName,
    BrokerUnavailable.
    """
    found = _read(topic, clients_call)
    return {client: decode_client_info(info) for client, info in found.items()}


async def aget_presence(topic: str) -> dict[str, ClientInfo]:
    """``get_presence()`` for asynchronous code."""
    return await sync_to_async(get_presence, thread_sensitive=True)(topic)


@async_unsafe(
    "get_presence_stats() waits for Redis: in asynchronous code, await aget_presence_stats()."
)
def get_presence_stats(topic: str) -> PresenceStats:
    """How many are subscribed to a topic now. Raises as ``get_presence()`` does."""
    users = _read(topic, users_call)
    return PresenceStats(len(users), len(set(users.values())))


async def aget_presence_stats(topic: str) -> PresenceStats:
    """``get_presence_stats()`` for asynchronous code."""
    return await sync_to_async(get_presence_stats, thread_sensitive=True)(topic)


def live_nodes() -> list[bytes]:
    """What each service process that is alive says of itself, as JSON. Raises BrokerUnavailable."""
    return nodes_answer(publisher().ask(nodes_call))


def _read(topic: str, call: Callable[[Keys, str, int], Call]) -> dict[str, bytes]:
    match = site_topics().match(topic)
    if not match.topic_class.presence:
        raise NotAvailable(f"presence of {match.name!r} is off: its class needs presence = True")
    found: dict[str, bytes] = {}
    cursor = 0
    while True:
        answer = publisher().ask(lambda keys, at=cursor: call(keys, match.name, at))  # type: ignore[misc]
        cursor, part = read_answer(answer)
        found.update(part)
        if not cursor:
            return found
