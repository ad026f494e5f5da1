"""The topics of the site whose settings are in force."""

import os
from functools import cache
from typing import Any

from django.core.signals import setting_changed

from ws_service.conf import load_config
from ws_service.text import text_of
from ws_service.topics.table import TopicTable, load_topics
from ws_service.topics.written import WrittenTopics


@cache
def site_topics() -> TopicTable:
    """The table of the site whose settings are in force, for whoever publishes.

    Settings that name no topics, and a Redis, mean those that the service has written there.
    Raises InvalidRouting, InvalidSettings.
    """
    config = load_config()
    if config.routing is None and config.topics_file is None and config.redis_url is not None:
        return WrittenTopics.from_config(config, config.redis_url)
    return load_topics(config.routing, config.topics_file)


def topic_name(route_name: str, /, **kwargs: Any) -> str:
    """The name of a topic: ``topic_name("order", pk=42)`` is ``"orders:42"``.

    Raises InvalidTopicName when there is no such pattern or the parameters don't fit.
    """
    return site_topics().reverse(text_of(route_name), kwargs)


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting in ("WS_SERVICE", "CHANNEL_LAYERS"):
        site_topics.cache_clear()


setting_changed.connect(_forget, dispatch_uid="ws_service.topics")
# A thread may have been reading in the moment of the fork, and its lock stays locked.
os.register_at_fork(after_in_child=site_topics.cache_clear)
