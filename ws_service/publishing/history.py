"""Where a topic stands, and what is kept of it."""

from asgiref.sync import sync_to_async
from django.utils.asyncio import async_unsafe

from ws_service.broker.position import Position
from ws_service.publishing.broker import publisher
from ws_service.topics import site_topics


@async_unsafe("position() waits for Redis: in asynchronous code, await aposition().")
def position(topic: str) -> Position:
    """Where a topic stands now.

    Ask *before* the first query of a view, and hand it to ``{% ws_topic … since=position %}``:
    what is published while the page is being made then reaches the page.

    Raises UnknownTopic, InvalidTopicName, BrokerUnavailable.
    """
    if site_topics().match(topic).history is None:
        return Position(0, "")
    return publisher().read(topic, after=0, limit=0).lineage.top


async def aposition(topic: str) -> Position:
    """``position()`` for asynchronous code."""
    return await sync_to_async(position, thread_sensitive=True)(topic)
