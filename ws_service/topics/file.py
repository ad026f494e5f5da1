"""``topics.toml``: topics without code, for a service that has none of the site's.

    [[topics]]
    pattern = "orders:<int:pk>"
    allow = "token"
    history = { size = 100, ttl = "10m" }

    [[topics]]
    pattern = "#<str:user>"
    name = "user"
    allow = "owner"
    at_connect = true

Each entry becomes an ordinary route whose class was written for it.
"""

import re
import tomllib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from ws_service.errors import InvalidRouting, InvalidTopicsFile
from ws_service.topics.history import History
from ws_service.topics.route import TopicRoute, topic
from ws_service.topics.topic import Topic

_TABLE: Final = "topics"
_USER: Final = "user"
_LIFETIME: Final = re.compile(r"(\d{1,9})\s*([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

# ``async def``, because none of them waits: a plain method would take a database thread.


async def _everybody(topic: Topic) -> bool:
    return True


async def _somebody(topic: Topic) -> bool:
    return bool(topic.user.is_authenticated)


async def _owner(topic: Topic) -> bool:
    is_own = str(topic.user.pk) == str(topic.kwargs[_USER])
    return bool(topic.user.is_authenticated) and is_own


async def _nobody(topic: Topic) -> bool:
    return False


Policy = Callable[[Topic], Awaitable[bool]]

_RULES: Final[Mapping[str, Policy]] = {
    "public": _everybody,
    "authenticated": _somebody,
    "owner": _owner,
    "nobody": _nobody,
}
# A token is asked for before any policy: who has one isn't asked for more.
_WHO_MAY_SUBSCRIBE: Final[Mapping[str, Policy]] = {
    **{name: rule for name, rule in _RULES.items() if name != "nobody"},
    "token": _nobody,
}
_POLICIES: Final = {
    "publish": "can_publish",
    "see_presence": "can_see_presence",
    "see_history": "can_see_history",
}
_OPTIONS: Final = (
    "recovery", "presence", "join_leave", "max_publication_size", "publish_rate",
)  # fmt: skip
KEYS: Final = ("pattern", "name", "allow", *_POLICIES, "history", *_OPTIONS, "at_connect")


def read_topics_file(path: str) -> Sequence[TopicRoute]:
    """The routes of a file, in its order.

    Raises InvalidTopicsFile, with the file, the entry, what is wrong and what was meant.
    """
    try:
        with Path(path).open("rb") as file:
            content = tomllib.load(file)
    except OSError as error:
        raise InvalidTopicsFile(f"{path} can't be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidTopicsFile(f"{path} is no TOML: {error}.") from error
    if trouble := next(_unknown(content, (_TABLE,)), None):
        raise InvalidTopicsFile(f"{path}: {trouble}.")
    entries = content.get(_TABLE)
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise InvalidTopicsFile(f"{path} has no entries: begin each with [[{_TABLE}]].")
    routes = [
        _route(f"{path}: topic {number} ({entry.get('pattern', 'without a pattern')!r})", entry)
        for number, entry in enumerate(entries, start=1)
    ]
    for number, route in enumerate(routes, start=1):
        if route.name and route.name in [other.name for other in routes[: number - 1]]:
            raise InvalidTopicsFile(
                f"{path}: topic {number} ({route.route!r}): the name {route.name!r} is taken."
            )
    return routes


def _route(where: str, entry: Mapping[str, Any]) -> TopicRoute:
    if trouble := next(_troubles(entry), None):
        raise InvalidTopicsFile(f"{where}: {trouble}.")
    try:
        route = topic(entry["pattern"], _topic_class(entry), name=entry.get("name"))
    except (InvalidRouting, ValueError) as error:
        raise InvalidTopicsFile(f"{where}: {error}.") from error
    if trouble := next(_owner_troubles(entry, route.parameters), None):
        raise InvalidTopicsFile(f"{where}: {trouble}.")
    return route


def _troubles(entry: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the keys and their values, one sentence each."""
    yield from _unknown(entry, KEYS)
    if not isinstance(entry.get("pattern"), str):
        yield 'pattern is missing: "news" or "orders:<int:pk>"'
    if not isinstance(entry.get("name", ""), str):
        yield f"name is {entry['name']!r}: text, for topic_name()"
    yield from _not_one_of(entry, "allow", _WHO_MAY_SUBSCRIBE)
    for key in _POLICIES:
        yield from _not_one_of(entry, key, _RULES)
    if not isinstance(entry.get("at_connect", False), bool):
        yield f"at_connect is {entry['at_connect']!r}: true or false"
    history = entry.get("history", False)
    if isinstance(history, dict):
        yield from (f"history: {trouble}" for trouble in _unknown(history, ("size", "ttl")))
        if "ttl" in history and _lifetime(history["ttl"]) is None:
            yield f'history: ttl is {history["ttl"]!r}: seconds, or text like "10m", "1h", "2d"'
    elif history is not False:
        yield f'history is {history!r}: {{ size = 100, ttl = "10m" }} or false'


def _owner_troubles(entry: Mapping[str, Any], parameters: Iterable[str]) -> Iterator[str]:
    for key in ("allow", *_POLICIES):
        if entry.get(key) == "owner" and _USER not in parameters:
            yield f'{key} = "owner" needs a parameter <str:{_USER}> in the pattern'
    if entry.get("at_connect"):
        if entry.get("allow") != "owner":
            yield 'at_connect = true needs allow = "owner"'
        if set(parameters) != {_USER}:
            yield f"at_connect = true needs <str:{_USER}> as the pattern's only parameter"


def _unknown(given: Mapping[str, Any], known: Iterable[str]) -> Iterator[str]:
    known = list(known)
    for key in given:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            yield f"unknown key {key!r}; {hint}"


def _not_one_of(entry: Mapping[str, Any], key: str, rules: Mapping[str, Policy]) -> Iterator[str]:
    value = entry.get(key)
    if value is None or value in list(rules):
        return
    near = get_close_matches(str(value), rules, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(rules)}"
    yield f"{key} is {value!r}; {hint}"


def _topic_class(entry: Mapping[str, Any]) -> type[Topic]:
    """The class that somebody would have written. Raises ValueError."""
    body: dict[str, Any] = {key: entry[key] for key in _OPTIONS if key in entry}
    if "history" in entry:
        body["history"] = _history(entry["history"])
    body["can_subscribe"] = _WHO_MAY_SUBSCRIBE[entry.get("allow", "token")]
    for key, method in _POLICIES.items():
        body[method] = _RULES[entry.get(key, "nobody")]
    if entry.get("at_connect"):
        body["at_connect"] = classmethod(_own_topic)
    return type("TopicOfFile", (Topic,), body)


async def _own_topic(cls: type[Topic], user: Any) -> Iterable[Mapping[str, Any]]:
    return [{_USER: str(user.pk)}] if user.is_authenticated else []


def _history(given: Mapping[str, Any] | bool) -> History | None:
    if isinstance(given, bool):
        return None
    options = dict(given)
    if "ttl" in options:
        options["ttl"] = _lifetime(options["ttl"])
    return History(**options)


def _lifetime(given: object) -> timedelta | None:
    """Seconds, or text like ``"10m"``; None for what is neither."""
    if isinstance(given, str) and (found := _LIFETIME.fullmatch(given)):
        return _timedelta(_UNITS[found[2]], int(found[1]))
    if isinstance(given, int | float) and not isinstance(given, bool):
        return _timedelta("seconds", given)
    return None


def _timedelta(unit: str, amount: float) -> timedelta | None:
    try:
        return timedelta(**{unit: amount})
    except (OverflowError, ValueError):
        return None
