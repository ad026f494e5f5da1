"""Tells the hub which groups are under topics, and what becomes of their events."""

from functools import partial
from typing import Any

from ws_service.conf import ServiceConfig
from ws_service.errors import InvalidTopicName, UnknownTopic
from ws_service.hub.group_link import LiveGroup, LiveGroups
from ws_service.publishing.event import data_of
from ws_service.publishing.payload import encode_payload
from ws_service.topics import Topic, TopicTable


def live_groups(config: ServiceConfig, topics: TopicTable) -> LiveGroups | None:
    """The groups that the hub must join itself, None where there are none."""
    if not topics.has_live_groups:
        return None

    def find(topic: str) -> LiveGroup | None:
        try:
            match = topics.match(topic)
        except (UnknownTopic, InvalidTopicName):
            return None
        if match.live_group is None:
            return None
        limit_bytes = match.topic_class.max_publication_size or config.publication_limit_bytes
        return LiveGroup(match.live_group, partial(_payload_of, match.topic_class, limit_bytes))

    return LiveGroups(config.channel_layer, find)


def _payload_of(topic_class: type[Topic], limit_bytes: int, event: dict[str, Any]) -> bytes | None:
    data = data_of(topic_class, event)
    return None if data is Topic.SKIP else encode_payload(data, limit_bytes)
