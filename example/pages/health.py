"""``/health/``: whether this process answers, for what watches over its container."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

PATH = "/health/"


class HealthMiddleware:
    """Answers before everything else: a probe knows no host name and wants no Django session.

    It asks neither the database nor Redis. While those are away, a restart of every web container
    would only make things worse.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == PATH:
            return HttpResponse("ok\n", "text/plain", headers={"Cache-Control": "no-store"})
        return self.get_response(request)
