"""All topics of a site: first match wins, as in a ``urls.py``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from django.utils.module_loading import import_string

from ws_service.conf import channel_layer_settings, load_config
from ws_service.errors import (
    InvalidRouting,
    InvalidTopicName,
    InvalidTopicsFile,
    UnknownTopic,
)
from ws_service.routing_module import import_routing
from ws_service.topics.file import read_topics_file
from ws_service.topics.history import History
from ws_service.topics.names import check_name
from ws_service.topics.route import TopicRoute
from ws_service.topics.topic import Topic

_NAME: Final = "topics"

SHOWN_IN_A_HINT: Final = 5


@dataclass(frozen=True, slots=True)
class Match:
    """A topic name, the route that it fits, and what the converters made of it.

    live_group: the group of the channel layer that the hub must join to hear of the topic.
    """

    name: str
    topic_class: type[Topic]
    kwargs: Mapping[str, Any]
    live_group: str | None = None

    @property
    def history(self) -> History | None:
        """What is kept of the topic; nothing of what only passes through a group."""
        return None if self.live_group else self.topic_class.history

    def seen_by(self, user: Any) -> Topic:
        return self.topic_class(user, self.name, self.kwargs)


class TopicTable:
    """Finds the class of a topic name.

    layer_appends: whether the channel layer itself appends to topics over groups what is sent to
        their groups. Otherwise the hub joins these groups, and nothing is kept.
    """

    def __init__(self, routes: Sequence[TopicRoute], *, layer_appends: bool = False) -> None:
        self._routes = tuple(routes)
        self._over_groups = [route for route in self._routes if route.group]
        self._layer_appends = layer_appends
        self._named = {route.name: route for route in reversed(self._routes) if route.name}

    def __len__(self) -> int:
        return len(self._routes)

    def __iter__(self) -> Iterator[TopicRoute]:
        return iter(self._routes)

    def followed_by(self, routes: Sequence[TopicRoute]) -> "TopicTable":
        """A table that asks these routes where none of its own matches."""
        return TopicTable((*self._routes, *routes), layer_appends=self._layer_appends)

    @property
    def has_live_groups(self) -> bool:
        """Whether the hub must join groups."""
        return bool(self._over_groups) and not self._layer_appends

    @property
    def connecting_routes(self) -> Sequence[TopicRoute]:
        """Those whose topics clients get without asking."""
        own = Topic.at_connect.__func__  # type: ignore[attr-defined]
        return [r for r in self._routes if r.topic_class.at_connect.__func__ is not own]  # type: ignore[attr-defined]

    def match(self, name: str) -> Match:
        """Raises UnknownTopic, InvalidTopicName."""
        name = check_name(name)
        found = self._find(name)
        if found is None:
            raise UnknownTopic(name, self._hint(name))
        route, kwargs = found
        group = self._group_of(name, route, kwargs)
        return Match(name, route.topic_class, kwargs, None if self._layer_appends else group)

    def topic_of(self, group: str) -> str | None:
        """The topic over a group: of the first route whose group pattern matches, if it has one."""
        for route in self._over_groups:
            if route.group is None or (kwargs := route.group.match(group)) is None:
                continue
            try:
                name = route.reverse(kwargs)
            except InvalidTopicName:
                return None
            found = self._find(name)
            return name if found is not None and found[0] is route else None
        return None

    def _find(self, name: str) -> tuple[TopicRoute, Mapping[str, Any]] | None:
        for route in self._routes:
            if (kwargs := route.match(name)) is not None:
                return route, kwargs
        # Last, so that "#<str:user>/mail" is reached behind "#<str:user>" as it ever was.
        for route in self._routes:
            if (kwargs := route.match_any_user(name)) is not None:
                return route, kwargs
        return None

    def _hint(self, name: str) -> str:
        if not self._routes:
            return "; the site's routing has no topics"
        others = (route.canonical(name) for route in self._routes)
        other = next((other for other in others if other is not None), None)
        if other:
            return f"; it is called {other!r}"
        routes = list(dict.fromkeys(repr(route.route) for route in self._routes))
        shown = routes[:SHOWN_IN_A_HINT]
        more = ", …" if len(routes) > SHOWN_IN_A_HINT else ""
        return f"; there are {', '.join(shown)}{more}"

    def _group_of(self, name: str, route: TopicRoute, kwargs: Mapping[str, Any]) -> str | None:
        """The group under this topic, None for a topic of its own.

        Raises UnknownTopic when nothing that is sent to a group could ever reach it: its group
        has no legal name, or leads to another topic ("room:7" for "room:007").
        """
        if route.group is None:
            return None
        group = route.group.name_of(kwargs)
        if group is None:
            raise UnknownTopic(name, " and a group: its group would have no legal name")
        if (owner := self.topic_of(group)) != name:
            raise UnknownTopic(name, f" and a group: {group!r} is the group of {owner!r}")
        return group

    def reverse(self, route_name: str, kwargs: Mapping[str, Any]) -> str:
        """Raises InvalidTopicName."""
        if route_name not in self._named:
            near = get_close_matches(route_name, self._named, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise InvalidTopicName(f"no topic pattern is named {route_name!r}{hint}")
        route = self._named[route_name]
        name = route.reverse(kwargs)
        return name if route.match(name) is not None else self.name_of(route, kwargs)

    def name_of(self, route: TopicRoute, kwargs: Mapping[str, Any]) -> str:
        """The name of one of a route's topics, which leads to the route's own class.

        Raises InvalidTopicName, also where another pattern is asked first: what the class allows
        would be allowed for another's topic.
        """
        name = route.reverse(kwargs)
        found = self._find(name)
        if found is None or found[0].topic_class is not route.topic_class:
            other = found[0].route if found else None
            raise InvalidTopicName(
                f"{name!r} is no topic of the pattern {route.route!r}: {other!r} comes first"
            )
        return name


def load_topics(module_name: str | None, topics_file: str | None = None) -> TopicTable:
    """The ``topics`` of the routing module, then those of ``topics.toml``; perhaps none.

    Raises InvalidRouting, and InvalidTopicsFile for the file.
    """
    routes = getattr(import_routing(module_name), _NAME, ()) if module_name is not None else ()
    table = checked_table(routes, f"{module_name}.{_NAME}")
    if topics_file is None:
        return table
    more = read_topics_file(topics_file)
    if taken := {route.name for route in table if route.name} & {route.name for route in more}:
        raise InvalidTopicsFile(
            f"{topics_file}: the name {min(map(str, taken))!r} is taken, by {module_name}.{_NAME}."
        )
    return table.followed_by(more)


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
    if any(route.group for route in routes):
        return TopicTable(routes, layer_appends=_layer_appends(where))
    return TopicTable(routes)


def _layer_appends(where: str) -> bool:
    """Whether the channel layer is one of ``ws_service.layers``, or says that it does the same.

    Raises InvalidRouting when there is none.
    """
    alias = load_config().channel_layer
    layers = channel_layer_settings()
    if alias not in layers:
        raise InvalidRouting(
            f"{where} has a topic over a group, and CHANNEL_LAYERS has no {alias!r}."
        )
    return bool(getattr(import_string(layers[alias]["BACKEND"]), "appends_to_topics", False))
