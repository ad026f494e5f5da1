"""Channel layers that keep what is sent to groups, for the topics over them.

A site names one of them in ``CHANNEL_LAYERS``, in place of the class of channels_redis that it
has. Its code stays as it is: what it sends to a group that is under a topic is first appended to
the topic's stream, and then sent as ever.
"""

import asyncio
import logging
import os
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, ClassVar, Final

from channels.layers import get_channel_layer
from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.core.signals import setting_changed

from ws_service.conf import ServiceConfig, load_config
from ws_service.errors import BrokerUnavailable
from ws_service.metrics import count
from ws_service.publishing import publish
from ws_service.publishing.event import data_of
from ws_service.signals import publish_failed
from ws_service.topics import Topic, site_topics

logger = logging.getLogger(__name__)

THREADS: Final = 8
"""Appends at once. The rest waits for its turn, each no longer than it may take altogether."""


class AppendsToTopics(ABC):
    """``group_send()`` of a topic's group appends to the topic first; all else is the layer's own.

    Consumers must not suffer from a topic that stands over their group. So the event is sent in
    any case: also when ``from_event()`` raises, or when the stream can't be reached in time. That
    is the bargain of ``publish()`` after a commit: the failure is logged, counted and sent as the
    signal ``publish_failed``, and what the site was doing stays a success. Where the layer's own
    Redis is away, it raises whatever it always raised.

    The append comes first, so that nobody who was told by a consumer to look finds it missing.
    """

    appends_to_topics: ClassVar = True

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """As the layer's own, after at most ``PUBLISH_TIMEOUT`` for the topic's stream."""
        await _append(self, group, message)
        await self._send_to_group(group, message)

    @abstractmethod
    async def _send_to_group(self, group: str, message: dict[str, Any]) -> None:
        """The layer's own ``group_send()``."""


class RecoverablePubSubLayer(AppendsToTopics, RedisPubSubChannelLayer):  # type: ignore[misc]
    """``channels_redis.pubsub.RedisPubSubChannelLayer`` that keeps what it sends to topics."""

    async def _send_to_group(self, group: str, message: dict[str, Any]) -> None:
        # That class makes its methods on demand, and super() doesn't ask for them.
        await super().__getattr__("group_send")(group, message)


class RecoverableCoreLayer(AppendsToTopics, RedisChannelLayer):  # type: ignore[misc]
    """``channels_redis.core.RedisChannelLayer`` that keeps what it sends to topics."""

    async def _send_to_group(self, group: str, message: dict[str, Any]) -> None:
        await RedisChannelLayer.group_send(self, group, message)


async def _append(layer: object, group: str, message: dict[str, Any]) -> None:
    """Append an event to the topic over its group. Never raises; see ``AppendsToTopics``."""
    topic = None
    try:
        config = _config()
        if get_channel_layer(config.channel_layer) is not layer:
            return  # topics stand over the groups of one layer; this is another one
        if (topic := site_topics().topic_of(group)) is None:
            return
        data = data_of(site_topics().match(topic).topic_class, message)
        if data is not Topic.SKIP:
            async with asyncio.timeout(config.publish_timeout_s):
                # In a thread: the client waits, and belongs to no event loop. async_to_sync()
                # makes a loop for each call, and a client for each would be a connection for each.
                await asyncio.get_running_loop().run_in_executor(_threads(), _publish, topic, data)
    except Exception as error:  # noqa: BLE001 - whatever it is, the consumers get their event
        await _tell(group, topic, error)


def _publish(topic: str, data: Any) -> None:
    publish(topic, data, on_commit=False)


async def _tell(group: str, topic: str | None, error: Exception) -> None:
    count("ws_service_publish_failures_total")
    is_away = isinstance(error, BrokerUnavailable | TimeoutError)
    logger.error(
        "An event of group %r was sent, but not appended to topic %r: %s",
        group,
        topic,
        str(error) or type(error).__name__,
        exc_info=None if is_away else error,
    )
    # A receiver that raises is logged by Django.
    await publish_failed.asend_robust(sender=None, topic=topic, error=error)


@cache
def _config() -> ServiceConfig:
    return load_config()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="ws-service-append")


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting in ("WS_SERVICE", "CHANNEL_LAYERS"):
        _config.cache_clear()


setting_changed.connect(_forget, dispatch_uid="ws_service.layers")
# Threads don't come along into a forked process.
os.register_at_fork(after_in_child=_threads.cache_clear)
