"""Ordinary synchronous views. None of them knows what a WebSocket is."""

import logging
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from example.pages import points
from example.pages.cookie_jars import cookie_jars
from example.pages.csp import content_security_policy
from example.pages.landscape import Landscape
from example.pages.rooms import LOBBY, NAME_LIMIT, SUGGESTED_ROOMS, ImpossibleRoom, room_named

logger = logging.getLogger(__name__)


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    other_jar = next((jar for jar in cookie_jars(request) if not jar.is_here), None)
    context = {"landscape": Landscape.around(request), "other_jar": other_jar}
    return render(request, "example/about.html", context)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "example/index.html")


@require_safe
def rooms(request: HttpRequest, room: str = LOBBY) -> HttpResponse:
    """The page of one room; ``?room=…`` is what the form for another room sends."""
    try:
        if "room" in request.GET:
            return redirect("room", room=room_named(request.GET["room"]))
        room = room_named(room)
    except ImpossibleRoom as error:
        messages.error(request, str(error))
        return redirect("rooms")
    return render(
        request,
        "example/rooms.html",
        {
            "room": room,
            "lobby": LOBBY,
            "rooms": SUGGESTED_ROOMS if room in SUGGESTED_ROOMS else (*SUGGESTED_ROOMS, room),
            "name_limit": NAME_LIMIT,
            "jars": cookie_jars(request),
        },
    )


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    return render(request, "example/dashboard.html")


def not_found(request: HttpRequest, rest: str) -> HttpResponse:
    """The site's own 404, where DEBUG would show the developer's list of URLs."""
    response = render(request, "404.html", status=HTTPStatus.NOT_FOUND)
    # The middleware spares every 404 while DEBUG is on.
    response.headers["Content-Security-Policy"] = content_security_policy(request)
    return response


@require_POST
def send_point(request: HttpRequest) -> JsonResponse:
    """Send a point at once, from synchronous code, to dashboards held by another process."""
    name = request.user.get_short_name() if request.user.is_authenticated else "anonymous"
    try:
        points.send(points.measure(sent_by=name))
    except points.ChannelLayerUnreachable as error:
        logger.warning("A point was not sent: the channel layer is unreachable (%s)", error)
        return JsonResponse(
            {
                "error": {
                    "code": "channel_layer_unreachable",
                    "message": "The point was not sent: the site can't reach Redis, through which"
                    " it talks to the service. Try again when Redis is back.",
                }
            },
            status=503,
        )
    return JsonResponse({"sent": True})
