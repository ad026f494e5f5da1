"""Puts the application together, outermost last::

WebSocketService      websocket / http / lifespan; ws/health/ leaves here
  ConnectionGuard     an error or a stop ends the connection with a code
    OriginMiddleware    may this page connect?
      IdentityMiddleware  cookies, session, user
        the site's own middleware
          the site's routing → a consumer, or /connection/websocket → topics
"""

from collections.abc import Iterable, Sequence

from django.urls import path
from django.urls.resolvers import URLPattern

from ws_service import __version__
from ws_service.application.guard import ConnectionGuard
from ws_service.application.middleware import Middleware, load_middleware
from ws_service.application.routing import check_patterns, load_urlpatterns, websocket_router
from ws_service.application.service import WebSocketService
from ws_service.asgi_types import ASGIApplication
from ws_service.calls import RPCMethod, checked_calls, load_calls
from ws_service.conf import load_config
from ws_service.database_threads import DatabaseThreads
from ws_service.gateway import ENDPOINT_PATH, ONE_WAY_PATH
from ws_service.gateway.endpoint import OneWayEndpoint, PushEndpoint
from ws_service.gateway.gateway import Gateway
from ws_service.health.canary import Canary
from ws_service.health.channel_layer import LayerRoundTrip
from ws_service.health.endpoint import HealthEndpoint
from ws_service.identity.middleware import IdentityMiddleware, OriginMiddleware
from ws_service.identity.origin import OriginPolicy
from ws_service.topics import TopicRoute, load_topics
from ws_service.topics.table import checked_table


def get_websocket_application(
    urlpatterns: Sequence[URLPattern] | None = None,
    middleware: Iterable[Middleware] | None = None,
    topics: Sequence[TopicRoute] | None = None,
    rpc_methods: Sequence[RPCMethod] | None = None,
) -> ASGIApplication:
    """Build the WebSocket side of a site. Call it once, after ``django.setup()``.

    urlpatterns: routes to Channels consumers, as in a ``urls.py``; by default
        ``websocket_urlpatterns`` of the module that ``WS_SERVICE["ROUTING"]`` names, imported
        only now, so that consumers may import models.
    middleware: callables that take an ASGI application and return one, the first outermost; by
        default the dotted paths of ``WS_SERVICE["MIDDLEWARE"]``. They see ``scope["user"]``.
    topics: what clients may subscribe to; by default ``topics`` of the routing module. Where there
        are any, client libraries connect at ``/connection/websocket``, and pages without one at
        ``/connection/uni_websocket``.
    rpc_methods: what clients may call; by default ``rpc_methods`` of the routing module.

    Returns an ASGI 3 application for ``websocket``, ``http`` (a fixed 426) and ``lifespan``
    scopes. Alone it is the *split* strategy; under Channels' ``ProtocolTypeRouter``, beside
    ``get_asgi_application()``, the *unified* one.

    Raises InvalidSettings with every problem of the settings, InvalidRouting when the routing
    module can't be imported or used, InvalidMiddleware for one that can't, BrokerNotConfigured
    when there are topics and no Redis.
    """
    config = load_config()
    if topics is None:
        table = load_topics(config.routing if urlpatterns is None else None, config.topics_file)
    else:
        table = checked_table(topics, "topics")
    if rpc_methods is None:
        calls = load_calls(config.routing if topics is None else None)
    else:
        calls = checked_calls(rpc_methods, "rpc_methods")
    if urlpatterns is None and config.routing is None and config.topics_file is not None:
        urlpatterns = []  # a gateway: topics from a file, and no code
    elif urlpatterns is None:
        urlpatterns = load_urlpatterns(config.routing)
    else:
        check_patterns(urlpatterns, "urlpatterns")
    if middleware is None:
        middleware = load_middleware(config.middleware)
    threads = DatabaseThreads(config.database_threads)
    canaries = {
        "channel_layer": Canary("channel layer", LayerRoundTrip(config.channel_layer)),
    }
    on_shutdown = None
    if table:
        gateway = Gateway(config, table, calls, threads, __version__)
        urlpatterns = [
            _route(ENDPOINT_PATH, PushEndpoint(gateway)),
            _route(ONE_WAY_PATH, OneWayEndpoint(gateway)),
            *urlpatterns,
        ]
        on_shutdown = gateway.close
        canaries["topics"] = Canary("topics' Redis", gateway.round_trip)
    application: ASGIApplication = websocket_router(urlpatterns)
    for wrap in reversed(list(middleware)):
        application = wrap(application)
    application = IdentityMiddleware(application, config, threads)
    application = OriginMiddleware(application, OriginPolicy.from_config(config))
    application = ConnectionGuard(application)
    return WebSocketService(application, HealthEndpoint(canaries), on_shutdown)


def _route(where: str, endpoint: ASGIApplication) -> URLPattern:
    return path(where.removeprefix("/"), endpoint)  # type: ignore[arg-type]
