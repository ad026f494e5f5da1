"""All topics of a site: first match wins, as in a ``urls.py``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import Any, Final

from django.core.signals import setting_changed

from ws_service.conf import load_config
from ws_service.errors import InvalidRouting, InvalidTopicName, UnknownTopic
from ws_service.topics.names import check_name
from ws_service.topics.route import TopicRoute
from ws_service.topics.topic import Topic

_NAME: Final = "topics"


@dataclass(frozen=True, slots=True)
class Match:
    """A topic name, the route that it fits, and what the converters made of it."""

    name: str
    topic_class: type[Topic]
    kwargs: Mapping[str, Any]

    def seen_by(self, user: Any) -> Topic:
        return self.topic_class(user, self.name, self.kwargs)


class TopicTable:
    """Finds the class of a topic name."""

    def __init__(self, routes: Sequence[TopicRoute]) -> None:
        self._routes = tuple(routes)
        self._named = {route.name: route for route in reversed(self._routes) if route.name}

    def __len__(self) -> int:
        return len(self._routes)

    def __iter__(self) -> Any:
        return iter(self._routes)

    def match(self, name: str) -> Match:
        """Raises UnknownTopic, InvalidTopicName."""
        check_name(name)
        for route in self._routes:
            if (kwargs := route.match(name)) is not None:
                return Match(name, route.topic_class, kwargs)
        raise UnknownTopic(name, "" if self._routes else "; the site's routing has no topics")

    def reverse(self, route_name: str, kwargs: Mapping[str, Any]) -> str:
        """Raises InvalidTopicName."""
        if route_name not in self._named:
            near = get_close_matches(route_name, self._named, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise InvalidTopicName(f"no topic pattern is named {route_name!r}{hint}")
        return self._named[route_name].reverse(kwargs)


def load_topics(module_name: str | None) -> TopicTable:
    """The ``topics`` of the routing module; an empty table where there are none.

    Raises InvalidRouting.
    """
    if module_name is None:
        return TopicTable(())
    try:
        routes = getattr(import_module(module_name), _NAME, ())
    except ImportError as error:
        raise InvalidRouting(
            f"WS_SERVICE['ROUTING'] {module_name!r} can't be imported: {error}."
        ) from error
    return checked_table(routes, f"{module_name}.{_NAME}")


def checked_table(routes: object, where: str) -> TopicTable:
    """A table of these routes.

    Raises InvalidRouting for what would only be noticed when somebody publishes.
    """
    if not isinstance(routes, list | tuple):
        raise InvalidRouting(f'{where} must be a list: [topic("orders:<int:pk>", OrderTopic)]')
    names: set[str] = set()
    for route in routes:
        if not isinstance(route, TopicRoute):
            raise InvalidRouting(f'{where} has {route!r}: write topic("orders:<int:pk>", …).')
        if route.name in names:
            raise InvalidRouting(f"{where} has two patterns that are named {route.name!r}.")
        if route.name:
            names.add(route.name)
    return TopicTable(routes)


@cache
def site_topics() -> TopicTable:
    """The table of the site whose settings are in force, for whoever publishes.

    Raises InvalidRouting, InvalidSettings.
    """
    return load_topics(load_config().routing)


def topic_name(route_name: str, /, **kwargs: Any) -> str:
    """The name of a topic: ``topic_name("order", pk=42)`` is ``"orders:42"``.

    Raises InvalidTopicName when there is no such pattern or the parameters don't fit.
    """
    return site_topics().reverse(route_name, kwargs)


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "WS_SERVICE":
        site_topics.cache_clear()


setting_changed.connect(_forget, dispatch_uid="ws_service.topics")
