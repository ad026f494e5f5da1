"""A topic pattern with converters, as in a ``urls.py``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.urls.resolvers import RoutePattern

from ws_service.errors import InvalidRouting, InvalidTopicName
from ws_service.topics.names import check_name
from ws_service.topics.topic import Topic

_PARAMETER: Final = re.compile(r"<(?:[^>:]+:)?(?P<name>[^>]+)>")


@dataclass(frozen=True, slots=True)
class TopicRoute:
    """One entry of a site's ``topics``."""

    route: str
    topic_class: type[Topic]
    name: str | None
    _pattern: RoutePattern

    def match(self, topic_name: str) -> Mapping[str, Any] | None:
        """What the converters make of a topic name, None if it isn't one of this route's."""
        found = self._pattern.match(topic_name)
        return None if found is None else found[2]

    def reverse(self, kwargs: Mapping[str, Any]) -> str:
        """The topic name with these parameters.

        Raises InvalidTopicName when parameters are missing, left over or don't fit.
        """
        converters = self._pattern.converters
        if set(kwargs) != set(converters):
            raise InvalidTopicName(
                f"the topic pattern {self.route!r} takes {sorted(converters) or 'no parameters'},"
                f" not {sorted(kwargs) or 'none'}"
            )
        try:
            texts = {key: converters[key].to_url(value) for key, value in kwargs.items()}
        except (ValueError, TypeError) as error:
            raise InvalidTopicName(f"{dict(kwargs)!r} don't fit {self.route!r}: {error}") from error
        name = _PARAMETER.sub(lambda match: texts[match["name"]], self.route)
        if self.match(check_name(name)) is None:
            raise InvalidTopicName(f"{dict(kwargs)!r} don't fit the topic pattern {self.route!r}")
        return name


def topic(route: str, topic_class: type[Topic], *, name: str | None = None) -> TopicRoute:
    """Say what a kind of topic is called: ``topic("orders:<int:pk>", OrderTopic, name="order")``.

    route: text with Django's path converters; ``<str:…>`` takes everything but a slash.
    name: for ``topic_name()`` and the template tag.

    Raises InvalidRouting for a route that can't be, or a class that is no Topic.
    """
    if not (isinstance(topic_class, type) and issubclass(topic_class, Topic)):
        raise InvalidRouting(f"topic({route!r}, …): the class must be a subclass of Topic")
    if not isinstance(route, str) or not route:
        raise InvalidRouting(f"topic({route!r}, …): the route must be text")
    try:
        pattern = RoutePattern(route, name=name, is_endpoint=True)
        pattern.match("")  # compiles it
    except (ImproperlyConfigured, ValueError, re.error) as error:
        raise InvalidRouting(f"topic({route!r}, …): {error}") from error
    return TopicRoute(route, topic_class, name, pattern)
