"""The site's own ASGI middleware, named in ``WS_SERVICE["MIDDLEWARE"]``."""

from collections.abc import Callable, Iterable

from django.utils.module_loading import import_string

from ws_service.asgi_types import ASGIApplication
from ws_service.errors import InvalidMiddleware

Middleware = Callable[[ASGIApplication], ASGIApplication]


def load_middleware(paths: Iterable[str]) -> list[Middleware]:
    """Import what the dotted paths name, in their order.

    Raises InvalidMiddleware for the first that can't be imported or called.
    """
    return [_import(path) for path in paths]


def _import(path: str) -> Middleware:
    try:
        found = import_string(path)
    except ImportError as error:
        raise InvalidMiddleware(f"WS_SERVICE['MIDDLEWARE'] has {path!r}: {error}.") from error
    if not callable(found):
        raise InvalidMiddleware(
            f"WS_SERVICE['MIDDLEWARE'] has {path!r}, which can't be called: name a class or a"
            " function that takes an application."
        )
    middleware: Middleware = found
    return middleware
