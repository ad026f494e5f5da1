"""What becomes of an event that the site sends to a group of its channel layer."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from ws_service.topics import Topic


def data_of(topic_class: type[Topic], event: Mapping[str, Any]) -> Any:
    """What the topic over the group says that its subscribers get, or ``Topic.SKIP``.

    It is asked with a copy: consumers get the very event, whatever the topic does with it.
    """
    return topic_class.from_event(deepcopy(event))
