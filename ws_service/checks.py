"""System checks: wrong settings are named before anything starts."""

from collections.abc import Iterable, Iterator
from importlib import metadata

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004

from ws_service.application.middleware import load_middleware
from ws_service.application.mistakes import miscoloured
from ws_service.application.routing import behind_channels_auth, load_urlpatterns, routed_consumers
from ws_service.calls import load_calls
from ws_service.conf import (
    InvalidSettings,
    ServiceConfig,
    channel_layer_settings,
    find_problems,
    load_config,
)
from ws_service.errors import InvalidMiddleware, InvalidRouting, InvalidTopicsFile
from ws_service.hub.recovery import RECOVERY_LIMIT
from ws_service.routing_module import import_routing
from ws_service.topics import Topic, TopicRoute, load_topics
from ws_service.topics.options import misspelt

# BZPOPMIN of the core layer blocks this long (channels_redis.core, brpop_timeout).
_CORE_LAYER_BLOCKS_S = 5
_CORE_LAYERS = ("channels_redis.core.RedisChannelLayer", "ws_service.layers.RecoverableCoreLayer")


def check_everything() -> list[CheckMessage]:
    """All of them; ``apps.py`` registers this."""
    messages = check_settings()
    try:
        config = load_config()
    except InvalidSettings:
        return messages  # check_settings has said so
    messages += [*check_layer_timeouts(), *check_middleware(config.middleware)]
    routing = config.routing
    try:
        if routing is not None:
            import_routing(routing)
    except InvalidRouting as error:
        # Once: another import of the same module may fail with another text.
        messages.append(Error(str(error), id="ws_service.E007"))
        routing = None
    if routing is not None:
        messages += [*check_routing(routing), *check_calls(routing)]
    return [*messages, *check_topics(config, routing)]


def check_settings() -> list[CheckMessage]:
    """``WS_SERVICE`` and what it leans on (``E001`` to ``E006``)."""
    return [Error(p.message, hint=p.hint, id=p.id) for p in find_problems()]


def check_middleware(paths: Iterable[str]) -> list[CheckMessage]:
    """Every middleware can be imported and called (``E008``)."""
    messages: list[CheckMessage] = []
    for path in paths:
        try:
            load_middleware([path])
        except InvalidMiddleware as error:
            messages.append(Error(str(error), id="ws_service.E008"))
    return messages


def check_routing(module_name: str) -> list[CheckMessage]:
    """The routes can be used (``E007``), and no routed consumer mixes ``def`` and ``async def``
    (``W002``) or hides behind Channels' own authentication (``W003``).
    """
    try:
        patterns = load_urlpatterns(module_name)
    except InvalidRouting as error:
        return [Error(str(error), id="ws_service.E007")]
    messages: list[CheckMessage] = []
    for consumer_class in routed_consumers(patterns):
        messages += [Warning(text, id="ws_service.W002") for text in miscoloured(consumer_class)]
    for route in behind_channels_auth(patterns):
        messages.append(
            Warning(
                f"The route {route!r} passes through Channels' own session or auth middleware,"
                " which may write and flush Django sessions.",
                hint="Remove it: scope['user'] and scope['session'] are there already.",
                id="ws_service.W003",
            )
        )
    return messages


def check_calls(module_name: str) -> list[CheckMessage]:
    """What clients may call can be called (``E007``)."""
    try:
        load_calls(module_name)
    except InvalidRouting as error:
        return [Error(str(error), id="ws_service.E007")]
    return []


def check_topics(config: ServiceConfig, module_name: str | None) -> list[CheckMessage]:
    """The site's topics can be used (``E007``; ``E013`` for those of a file) and have a Redis
    (``E011``); none has what can't be meant (``W004`` to ``W006``).
    """
    try:
        topics = load_topics(module_name, config.topics_file)
    except InvalidTopicsFile as error:
        hint = "WS_SERVICE['TOPICS'] names the file; docs/topics.md says what may be in it."
        return [Error(str(error), hint=hint, id="ws_service.E013")]
    except InvalidRouting as error:
        return [Error(str(error), id="ws_service.E007")]
    messages: list[CheckMessage] = []
    if topics and config.redis_url is None:
        messages.append(
            Error(
                "There are topics and no Redis for them"
                + (f": {config.why_no_redis}." if config.why_no_redis else "."),
                hint='Write WS_SERVICE = {"REDIS_URL": "redis://redis:6379/0"}, or give'
                " CHANNEL_LAYERS a channels_redis layer with a host.",
                id="ws_service.E011",
            )
        )
    connecting = list(topics.connecting_routes)
    for route in topics:
        messages += _what_can_not_be_meant(route, is_connecting=route in connecting)
    return messages


def _what_can_not_be_meant(route: TopicRoute, *, is_connecting: bool) -> Iterator[Warning]:
    topic_class = route.topic_class
    if topic_class.can_subscribe is Topic.can_subscribe and not is_connecting:
        yield Warning(
            f"{topic_class.__name__} ({route.route!r}) has no can_subscribe(): nobody may"
            " subscribe to it without a token.",
            hint="def can_subscribe(self): return self.user.is_authenticated (or False, if that"
            " is meant)",
            id="ws_service.W005",
        )
    history = topic_class.history
    is_a_stream = topic_class.recovery == "stream"
    if is_a_stream and history is not None and history.size > RECOVERY_LIMIT:
        yield Warning(
            f"The topic pattern {route.route!r} keeps {history.size} publications; a"
            f" client that missed more than {RECOVERY_LIMIT} is told of a gap instead.",
            hint=f"History(size={RECOVERY_LIMIT}) is what one recovery can carry.",
            id="ws_service.W004",
        )
    own_classes = [each for each in topic_class.__mro__ if each not in Topic.__mro__]
    for each in own_classes:
        for name, meant in misspelt(each, Topic):
            yield Warning(
                f"{each.__name__} has {name!r}, which means nothing to the service.",
                hint=f"Did you mean {meant!r}? If not, begin it with an underscore.",
                id="ws_service.W006",
            )


def check_layer_timeouts() -> list[CheckMessage]:
    """redis-py 8 gives up on a reply after 5 s, the core layer waits 5 s for one (``W001``)."""
    if int(metadata.version("redis").split(".")[0]) < 8:
        return []
    return [
        Warning(
            f"CHANNEL_LAYERS[{alias!r}] blocks {_CORE_LAYER_BLOCKS_S} s in Redis, as long as"
            " redis-py waits for a reply: idle WebSockets will be closed with 1011.",
            hint='Give it a longer time-out: "hosts": [{"address": …, "socket_timeout": 15}].',
            id="ws_service.W001",
        )
        for alias in _layers_that_time_out()
    ]


def _layers_that_time_out() -> Iterator[str]:
    for alias, layer in channel_layer_settings().items():
        if layer.get("BACKEND") not in _CORE_LAYERS:
            continue
        hosts = layer.get("CONFIG", {}).get("hosts") or [None]
        for host in hosts:
            timeout_s = host.get("socket_timeout", 5) if isinstance(host, dict) else 5
            if timeout_s is not None and timeout_s <= _CORE_LAYER_BLOCKS_S:
                yield alias
                break
