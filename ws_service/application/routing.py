"""From the site's routing module to one application that dispatches by path."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from channels.consumer import AsyncConsumer
from channels.routing import URLRouter
from django.urls.resolvers import RegexPattern, URLPattern

from ws_service.application.consumer_runner import ConsumerRunner
from ws_service.asgi_types import ASGIApplication, Receive, Scope, Send
from ws_service.errors import InvalidRouting, Refusal
from ws_service.refusal import refuse
from ws_service.routing_module import import_routing

logger = logging.getLogger(__name__)

_NAME = "websocket_urlpatterns"


def load_urlpatterns(module_name: str | None) -> Sequence[URLPattern]:
    """Import the routing module and return its ``websocket_urlpatterns``; it may have only topics.

    Raises InvalidRouting with a text that says what to write.
    """
    if module_name is None:
        raise InvalidRouting(
            f'WS_SERVICE has no "ROUTING": name the module that has {_NAME},'
            ' as in WS_SERVICE = {"ROUTING": "mysite.routing"}.'
        )
    module = import_routing(module_name)
    patterns = getattr(module, _NAME, () if hasattr(module, "topics") else None)
    if not isinstance(patterns, list | tuple):
        raise InvalidRouting(
            f"{module_name} has no list {_NAME}: write"
            f' {_NAME} = [path("ws/chat/", ChatConsumer.as_asgi())], or topics = [topic(…)].'
        )
    check_patterns(patterns, f"{module_name}.{_NAME}")
    return patterns


def websocket_router(urlpatterns: Sequence[URLPattern]) -> ASGIApplication:
    """Dispatch by path. A path that no pattern matches is refused, not an exception."""
    otherwise = URLPattern(RegexPattern(r""), _not_found)
    router = URLRouter([*map(_with_runner, urlpatterns), otherwise])

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        # URLRouter raises for a path outside root_path; on Daphne a client may write root_path.
        is_below_root = scope["path"].startswith(scope.get("root_path", ""))
        await (router if is_below_root else _not_found)(scope, receive, send)

    return route


def routed_consumers(urlpatterns: Sequence[URLPattern]) -> Iterator[type]:
    """Every consumer class that is routed directly or by a nested URLRouter."""
    for pattern in urlpatterns:
        if isinstance(pattern.callback, URLRouter):
            yield from routed_consumers(pattern.callback.routes)
        elif (consumer_class := _plain_consumer(pattern.callback)) is not None:
            yield consumer_class


def behind_channels_auth(urlpatterns: Sequence[URLPattern]) -> Iterator[str]:
    """Routes that pass through Channels' own session or auth middleware."""
    for pattern in urlpatterns:
        target: Any = pattern.callback
        while target is not None:
            if type(target).__module__ in ("channels.auth", "channels.sessions"):
                yield str(pattern.pattern)
                break
            if isinstance(target, URLRouter):
                yield from behind_channels_auth(target.routes)
            target = getattr(target, "inner", None)


def _plain_consumer(target: Any) -> type[AsyncConsumer] | None:
    """The class behind the very result of ``as_asgi()``, None for anything around it.

    A decorator made with functools.wraps copies ``consumer_class``; to run the class instead
    would drop the decorator, and with it whatever it forbids.
    """
    consumer_class = getattr(target, "consumer_class", None)
    return consumer_class if getattr(target, "__wrapped__", None) is consumer_class else None


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    logger.warning(
        "Refused a handshake for %r: no WebSocket is routed at this path (is it the slash?"
        " Clients of topics connect to /connection/websocket)",
        scope["path"],
    )
    await refuse(scope, send, Refusal.NOT_FOUND)


def _with_runner(pattern: URLPattern) -> URLPattern:
    """The same pattern, its consumer run by ConsumerRunner; nested routers are walked."""
    target = pattern.callback
    if isinstance(target, URLRouter):
        target = URLRouter([_with_runner(inner) for inner in target.routes])
    elif (consumer_class := _plain_consumer(target)) is not None:
        target = ConsumerRunner(consumer_class, getattr(target, "consumer_initkwargs", {}))
    return URLPattern(pattern.pattern, target, pattern.default_args, pattern.name)


def check_patterns(patterns: Sequence[object], where: str) -> None:
    """Raises InvalidRouting for what Channels would stumble over at the first connection."""
    for pattern in patterns:
        if not isinstance(pattern, URLPattern):
            raise InvalidRouting(
                f"{where} has {pattern!r}: use path() or re_path(); Channels has no"
                " include(), nest a URLRouter instead."
            )
        if isinstance(pattern.callback, type):
            name = pattern.callback.__name__
            raise InvalidRouting(f"{where} routes to the class {name}: write {name}.as_asgi().")
        if isinstance(pattern.callback, URLRouter):
            check_patterns(pattern.callback.routes, f"{where} (nested)")
