"""A strict Content-Security-Policy: nothing inline, nothing from another host.

Django 6 has a middleware for this; the site also runs on 5.2.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from example.pages.live_address import live_source

# Django's own pages for developers (a traceback, the list of URLs) are styled inline.
_DEVELOPER_PAGES = (404, 500)


class ContentSecurityPolicyMiddleware:
    """Puts the policy on every response; ``connect-src`` allows the service's address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        policy = content_security_policy(request)
        response = self.get_response(request)
        if not (settings.DEBUG and response.status_code in _DEVELOPER_PAGES):
            response.headers.setdefault("Content-Security-Policy", policy)
        return response


def content_security_policy(request: HttpRequest) -> str:
    """The policy for one request: the service's address depends on the page's host."""
    return "; ".join(
        (
            "default-src 'self'",
            f"connect-src 'self' {live_source(request)}",
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
