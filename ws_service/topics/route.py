"""A topic pattern with converters, as in a ``urls.py``."""

import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from ws_service.errors import InvalidRouting, InvalidTopicName, WrongTopicParameters
from ws_service.topics.group import GroupPattern
from ws_service.topics.names import check_name
from ws_service.topics.options import option_problems, policy_problems
from ws_service.topics.pattern import Pattern
from ws_service.topics.topic import Topic


@dataclass(frozen=True, slots=True)
class TopicRoute:
    """One entry of a site's ``topics``. group: for a topic over groups of the channel layer.

    any_user: of ``"#<str:user>"``, the pattern that takes ids with slashes too.
    """

    route: str
    topic_class: type[Topic]
    name: str | None
    _pattern: Pattern
    group: GroupPattern | None = None
    any_user: Pattern | None = None

    @property
    def parameters(self) -> Collection[str]:
        """The names of the pattern's parameters."""
        return self._pattern.converters.keys()

    @property
    def regex(self) -> str:
        """What the names of these topics look like."""
        return self._pattern.regex.pattern

    def match(self, topic_name: str) -> Mapping[str, Any] | None:
        """What the converters make of a topic name, None if it isn't one of this route's.

        "orders:007" is none beside "orders:7": one thing has one name, else who subscribes to
        another of its names would never hear of it.
        """
        kwargs = self._pattern.match(topic_name)
        return kwargs if kwargs is not None and self.canonical(topic_name) == topic_name else None

    def match_any_user(self, topic_name: str) -> Mapping[str, Any] | None:
        """As ``match()``, for a user whose id has slashes: asked where no pattern matches."""
        return None if self.any_user is None else self.any_user.match(topic_name)

    def canonical(self, topic_name: str) -> str | None:
        """The one name that is meant by a text which fits the pattern; None if it doesn't."""
        kwargs = self._pattern.match(topic_name)
        try:
            return None if kwargs is None else self._pattern.fill(kwargs)
        except Exception:  # noqa: BLE001 - a site's own converter, and a name that anybody may send
            return None

    def reverse(self, kwargs: Mapping[str, Any]) -> str:
        """The topic name with these parameters.

        Raises InvalidTopicName when parameters are missing, left over or don't fit.
        """
        converters = self._pattern.converters
        if set(kwargs) != set(converters):
            raise WrongTopicParameters(
                f"the topic pattern {self.route!r} takes {sorted(converters) or 'no parameters'},"
                f" not {sorted(kwargs) or 'none'}"
            )
        try:
            name = self._pattern.fill(kwargs)
        except (ValueError, TypeError) as error:
            raise InvalidTopicName(f"{dict(kwargs)!r} don't fit {self.route!r}: {error}") from error
        if self.match(check_name(name)) is None and self.match_any_user(name) is None:
            has_slash = any("/" in str(each) for each in kwargs.values())
            hint = "; <str:…> takes no slash, <path:…> does" if has_slash else ""
            raise InvalidTopicName(
                f"{dict(kwargs)!r} don't fit the topic pattern {self.route!r}{hint}"
            )
        return name


def topic(
    route: str, topic_class: type[Topic], *, name: str | None = None, group: str | None = None
) -> TopicRoute:
    """Say what a kind of topic is called: ``topic("orders:<int:pk>", OrderTopic, name="order")``.

    route: text with Django's path converters; ``<str:…>`` takes everything but a slash. Where
        ``<str:user>`` is the only one, it is a user's id, and takes whatever an id may be.
    name: for ``topic_name()`` and the template tag.
    group: declares the topic over groups of the channel layer: ``"chat.<slug:room>"`` beside the
        route ``"room:<slug:room>"``, with the same converters. What the site sends to the group
        reaches the topic, as the class's ``from_event()`` says; see ``docs/bridge.md``.

    Raises InvalidRouting for a route that can't be, or a class that is no Topic.
    """
    if not (isinstance(topic_class, type) and issubclass(topic_class, Topic)):
        raise InvalidRouting(f"topic({route!r}, …): the class must be a subclass of Topic")
    if not isinstance(route, str) or not route:
        raise InvalidRouting(f"topic({route!r}, …): the route must be text")
    try:
        pattern = Pattern.parse(route)
        group_pattern = None if group is None else GroupPattern.parse(group, pattern)
    except ValueError as error:
        raise InvalidRouting(f"topic({route!r}, …): {error}") from error
    troubles = chain(option_problems(topic_class), policy_problems(topic_class, Topic))
    if trouble := next(troubles, None):
        raise InvalidRouting(f"topic({route!r}, …): {topic_class.__name__}: {trouble}")
    if group is not None:
        _check_from_event(route, topic_class)
    any_user = pattern.of_any_user if group_pattern is None else None
    return TopicRoute(route, topic_class, name, pattern, group_pattern, any_user)


def _check_from_event(route: str, topic_class: type[Topic]) -> None:
    """Raises InvalidRouting: what clients may see of an event is the site's to say, explicitly."""
    declared = inspect.getattr_static(topic_class, "from_event")
    if declared is inspect.getattr_static(Topic, "from_event"):
        trouble = "has no from_event(event): it says what clients get of an event"
    elif not isinstance(declared, staticmethod | classmethod):
        trouble = "has a from_event() that is no @staticmethod: it is called once for all clients"
    elif inspect.iscoroutinefunction(declared.__func__):
        trouble = "has an async from_event(): it only rewrites an event, and waits for nothing"
    else:
        return
    raise InvalidRouting(f"topic({route!r}, …, group=…): {topic_class.__name__} {trouble}")
