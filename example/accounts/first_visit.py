"""In the demonstration, somebody who has never been here is Ada: it needs no login."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse

from example.accounts.demonstration import ADA
from example.accounts.models import User

# Kept until the browser is closed: whoever logs out stays logged out.
BEEN_HERE = "example_been_here"


class FirstVisitMiddleware:
    """Logs a browser without any cookie of ours in, on its way to the front page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.DEMO:
            return self.get_response(request)
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        has_been_here = BEEN_HERE in request.COOKIES
        if not has_session and not has_been_here and _is_somebody_at_the_door(request):
            has_session = _become_ada(request)
        response = self.get_response(request)
        if has_session and not has_been_here:
            response.set_cookie(BEEN_HERE, "1", httponly=True, samesite="Lax")
        return response


def _is_somebody_at_the_door(request: HttpRequest) -> bool:
    # Probes and scripts don't ask for a page by its type, and want no Django session.
    reads_pages = "text/html" in request.headers.get("Accept", "")
    return request.method == "GET" and request.path == "/" and reads_pages


def _become_ada(request: HttpRequest) -> bool:
    ada = User.objects.filter(email=ADA.email, is_active=True).first()
    if ada is None:
        return False
    login(request, ada)
    return True
